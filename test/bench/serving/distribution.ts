/** Child process of the burst benchmark: CNCF distribution with images of one signature each. Prints one line of JSON when it is ready; ends with its parent's pipe. */
import { mapLimited } from "../../../src/kernel/limit.ts";
import { pushSigned } from "../../e2e/signed.ts";
import { pushImage } from "../../support/real/image.ts";
import { startDistribution } from "../../support/real/registries.ts";
import { createSigningKey, signImage } from "../../support/signer.ts";
import { findTools } from "../../tools/build.ts";

const images = Number(process.argv[2]);
const tools = await findTools();
if (tools === undefined) throw new TypeError("the real parts are missing: node test/tools/build.ts");
const registry = await startDistribution({ tools });
const trusted = createSigningKey("P-256");
const digests = await mapLimited(
  Array.from({ length: images }, (_, at) => at),
  async (at) => {
    const repository = `bench/app-${at % 100}`;
    const target = { url: registry.url, repository };
    const subject = await pushImage(target, { seed: `image ${at}` });
    await pushSigned(target, signImage({ key: trusted, subject, repository, format: "bundle" }), subject);
    return `${repository}@${subject.digest}`;
  },
  { concurrency: 8, signal: AbortSignal.timeout(120_000) },
);
process.stdout.write(`${JSON.stringify({ host: registry.host, publicKey: trusted.publicKeyPem, images: digests })}\n`);
// Ended with whoever started it.
process.stdin.resume();
process.stdin.on("end", () => void registry.close().then(() => process.exit(0)));
