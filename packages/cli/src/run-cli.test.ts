import { MonitorError } from "@nexent/monitor-core";
import { describe, expect, it } from "vitest";
import { choiceOption, numberOption, UsageError, type Command, type OptionValues } from "./command.ts";
import { runCli } from "./run-cli.ts";
import { createRecordingOutput } from "./testing/recording-output.ts";

function command(run: (values: OptionValues) => Promise<number> | number): Command {
  return {
    name: "listen",
    summary: "listens to nothing",
    options: [
      { name: "port", type: "string", valueName: "N", defaultText: "80", summary: "where" },
      { name: "json", type: "boolean", summary: "as JSON" },
    ],
    run: async ({ values }) => run(values),
  };
}

async function runWith(argv: readonly string[], run: (values: OptionValues) => Promise<number> | number = () => 0) {
  const output = createRecordingOutput();
  const code = await runCli({ argv, env: {}, output, commands: [command(run)], version: "1.2.3" });
  return { code, stdout: output.stdout(), stderr: output.stderr() };
}

describe("the command line", () => {
  it("passes option values to the command and returns its exit code", async () => {
    let seen: OptionValues = {};
    const { code } = await runWith(["listen", "--port", "8009", "--json"], (values) => {
      seen = values;
      return 7;
    });
    expect(code).toBe(7);
    expect(seen).toEqual({ port: "8009", json: true });
  });

  it("prints the version and the help, also of one command", async () => {
    expect((await runWith(["--version"])).stdout).toBe("1.2.3\n");
    expect((await runWith(["--help"])).stdout).toContain("listen  listens to nothing");
    const help = await runWith(["listen", "--help"]);
    expect(help.stdout).toContain("--port N  where; default 80");
    expect(help.code).toBe(0);
  });

  it("knows commands of two words, their help, and says what a group or a wrong verb means", async () => {
    const seen: OptionValues[] = [];
    const two: Command = { ...command(() => 0), name: "data purge", run: async ({ values }) => seen.push(values) };
    const run = async (...argv: string[]) => {
      const output = createRecordingOutput();
      const code = await runCli({ argv, env: {}, output, commands: [command(() => 0), two], version: "1" });
      return { code, text: output.stdout() + output.stderr() };
    };
    expect((await run("data", "purge", "--json")).code).toBe(1);
    expect(seen).toEqual([{ json: true }]);
    expect((await run("help", "data", "purge")).text).toContain("Usage: nexent-monitor data purge");
    expect(await run("data", "pruge")).toMatchObject({
      code: 64,
      text: expect.stringContaining('did you mean "data purge"?'),
    });
    expect(await run("data")).toMatchObject({ code: 64, text: expect.stringContaining('unknown command "data"') });
  });

  it("answers an empty command line with the help and exit code 64", async () => {
    const { code, stdout } = await runWith([]);
    expect(code).toBe(64);
    expect(stdout).toContain("Usage: nexent-monitor");
  });

  it("names the nearest command or option and exits with 64", async () => {
    expect(await runWith(["lisen"])).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('did you mean "listen"?'),
    });
    expect(await runWith(["listen", "--prot", "1"])).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('unknown option "--prot"; did you mean "--port"?'),
    });
    expect((await runWith(["completely-different"])).stderr).not.toContain("did you mean");
  });

  it.each([
    [["listen", "--port"], "--port needs a value"],
    [["listen", "--port", "--json"], "--port needs a value"],
    [["listen", "--json=yes"], "--json takes no value"],
    [["listen", "now"], 'unexpected argument "now"'],
  ])("refuses %j", async (argv, message) => {
    const { code, stderr } = await runWith(argv);
    expect(code).toBe(64);
    expect(stderr).toContain(message);
  });

  it("tells a fault as message and hint, without a stack, with the exit code of the error table", async () => {
    const { code, stderr } = await runWith(["listen"], () => {
      throw new MonitorError("PORT_IN_USE", "port 80 is taken", { hint: "choose another" });
    });
    expect(code).toBe(75);
    expect(stderr).toBe("nexent-monitor: port 80 is taken\nchoose another\n");
  });

  it("shows the stack of a fault of its own, which is no mistake of the user", async () => {
    const { code, stderr } = await runWith(["listen"], () => {
      throw new TypeError("broken inside");
    });
    expect(code).toBe(70);
    expect(stderr).toMatch(/broken inside\n\s+at /);
  });
});

describe("typed options", () => {
  const rule = { defaultValue: 5, min: 1, max: 10, integer: true } as const;

  it("reads numbers and applies the default", () => {
    expect(numberOption({}, "repeat", rule)).toBe(5);
    expect(numberOption({ repeat: "7" }, "repeat", rule)).toBe(7);
  });

  it.each(["0", "11", "2.5", "x", "", "Infinity"])("refuses %j as a whole number from 1 to 10", (text) => {
    expect(() => numberOption({ repeat: text }, "repeat", rule)).toThrow(UsageError);
  });

  it("refuses a value outside a closed list and names the list", () => {
    expect(choiceOption({ target: "sdk" }, "target", ["sdk", "all"], "all")).toBe("sdk");
    expect(() => choiceOption({ target: "web" }, "target", ["sdk", "all"], "all")).toThrow("one of sdk, all");
  });
});
