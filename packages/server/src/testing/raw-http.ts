import { connect } from "node:net";

/** Sends bytes as they are and gives everything that came back until the other side closed. */
export function rawHttp(port: number, bytes: string | Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    let text = "";
    socket.on("data", (chunk) => (text += chunk.toString("latin1")));
    socket.on("close", () => resolve(text));
    socket.on("error", reject);
  });
}

/** A request line with headers, closed after the answer. */
export function rawRequest(
  port: number,
  line: string,
  headers: readonly string[] = [`Host: 127.0.0.1:${port}`],
): Promise<string> {
  return rawHttp(port, `${line}\r\n${headers.map((header) => `${header}\r\n`).join("")}Connection: close\r\n\r\n`);
}
