// npm run demo: realistic traffic for a running `npm start`.
import { runCli } from "./run-cli.mjs";

runCli("demo");
