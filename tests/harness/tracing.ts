import { execFileSync } from "node:child_process";

/** Whether strace is here and may trace. */
export function hasStrace(): boolean {
  try {
    execFileSync("strace", ["-o", "/dev/null", "-f", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false; // not installed, or tracing is not allowed here
  }
}

/**
 * The head of a command line that puts a fault into system calls of a program. The traced program keeps its process id
 * and gets its signals itself.
 * @param calls names of system calls, separated by commas. @param fault as strace writes it, such as `error=EIO:when=6+`.
 */
export function withFault(calls: string, fault: string): readonly string[] {
  const inject = ["-e", `trace=${calls}`, "-e", `inject=${calls}:${fault}`];
  return ["strace", "-D", "-f", "--seccomp-bpf", "-o", "/dev/null", ...inject];
}
