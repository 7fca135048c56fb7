// Reads simulations, one line of JSON each, and writes what is decided of each: a line of JSON too.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";

// The packages are in the cache, and not beside this file.
const { runSimulation } = createRequire(process.argv[2])("@cloud-copilot/iam-simulate");

for await (const line of createInterface({ input: process.stdin })) {
  const said = await runSimulation(JSON.parse(line), {});
  const result = said.resultType === "error" ? { errors: said.errors } : { result: said.overallResult };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
