// Preloaded into a program under test: SIGUSR2 collects garbage, so that memory can be compared before and after.
// SIGUSR2 without --expose-gc would end the process, which a test notices.
process.on("SIGUSR2", () => globalThis.gc());
