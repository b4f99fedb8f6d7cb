// Milliseconds that one import takes in a fresh process.
const began = performance.now();
await import(process.argv[2]);
process.send({ ms: performance.now() - began });
