/** Child process of the serving benchmark: a registry with signed images. Prints one line of JSON when it is ready; ends with its parent's pipe. */
import { startRegistry, type TestRegistry } from "../../support/registry.ts";
import { createSigningKey, signImage, type SigningKey } from "../../support/signer.ts";

const images = Number(process.argv[2]);
const artifactsEach = Number(process.argv[3]);

const registry = await startRegistry({ referrersApi: true, auth: { kind: "none" } });
const trusted = createSigningKey("P-256");
const strangers = Array.from({ length: artifactsEach - 1 }, () => createSigningKey("P-256"));
const digests = Array.from({ length: images }, (_, at) => {
  const repository = `bench/app-${at % 100}`;
  const image = registry.pushImage(repository, { seed: `image ${at}` });
  for (const key of [...strangers, trusted]) attach(registry, { repository, image, key });
  return `${repository}@${image.digest}`;
});
process.stdout.write(`${JSON.stringify({ host: registry.host, publicKey: trusted.publicKeyPem, images: digests })}\n`);
// Ended with whoever started it.
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));

function attach(
  to: TestRegistry,
  {
    repository,
    image,
    key,
  }: { readonly repository: string; readonly image: ReturnType<TestRegistry["pushImage"]>; readonly key: SigningKey },
): void {
  const artifact = signImage({ key, subject: image, repository, format: "bundle" });
  to.pushReferrer(repository, image, {
    artifactType: artifact.artifactType,
    layers: artifact.blobs
      .filter((blob) => blob.mediaType === artifact.artifactType)
      .map((blob) => ({ mediaType: blob.mediaType, content: blob.bytes })),
  });
}
