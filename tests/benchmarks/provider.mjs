// Makes one token with AWS's JavaScript provider, then calls it as often as each line of stdin says
// and prints the seconds that this takes. The argument is the folder that holds node_modules.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(process.argv[2]);
const { getTokenProvider } = require("@aws/bedrock-token-generator");
const provider = getTokenProvider({ region: process.env.AWS_REGION });
await provider();
for await (const calls of createInterface({ input: process.stdin })) {
  const start = process.hrtime.bigint();
  for (let call = 0; call < Number(calls); call++) await provider();
  console.log(Number(process.hrtime.bigint() - start) / 1e9);
}
