export async function startPeers() {
  return [];
}
