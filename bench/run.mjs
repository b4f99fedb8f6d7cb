// node bench/run.mjs <scenario> [options]: our own speed. A scenario is a folder in scenarios/ with an index.mjs.
import { existsSync, readdirSync } from "node:fs";
import { build, installFolder } from "./lib/prepare.mjs";

const [name, ...args] = process.argv.slice(2);
const scenarios = readdirSync(new URL("scenarios/", import.meta.url)).filter((folder) =>
  existsSync(new URL(`scenarios/${folder}/index.mjs`, import.meta.url)),
);
if (name === undefined || !scenarios.includes(name)) {
  console.error(`usage: node bench/run.mjs <scenario> [options]; scenarios are ${scenarios.join(", ")}`);
  process.exit(64);
}
const { run } = await import(`./scenarios/${name}/index.mjs`);
process.exit(await run(args, { build, installFolder }));
