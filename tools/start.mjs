// npm start: prepares a fresh clone, then hands over to `nexent-monitor up`.
import { runCli } from "./run-cli.mjs";

runCli("up");
