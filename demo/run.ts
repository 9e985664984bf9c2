/**
 * `make run`: fills a registry on this machine with a signed and an unsigned image and runs the operator on demo/manifests, without a cluster.
 * `--mode=cluster`: applies config/crd to the cluster of KUBECONFIG and runs against that. Other arguments go to `countersign serve`.
 */
import { readFile } from "node:fs/promises";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { startRegistry, type TestRegistry } from "../test/support/registry.ts";
import { demoImages, demoPaymentsRepository, demoPort, demoRepository, demoUser } from "./images.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const mode = process.argv.find((argument) => argument.startsWith("--mode="))?.slice("--mode=".length) ?? "standalone";
const rest = process.argv.slice(2).filter((argument) => !argument.startsWith("--mode="));

async function startDemoRegistry(): Promise<TestRegistry> {
  const registry = await startRegistry({ port: demoPort, auth: { kind: "basic", users: { [demoUser.name]: demoUser.password } } });
  const { signed, unsigned } = demoImages;
  const image = registry.pushImage(demoRepository, { seed: signed.seed, tag: signed.tag });
  registry.pushImage(demoRepository, { seed: unsigned.seed, tag: unsigned.tag });
  const bundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";
  const content = await readFile(new URL("signature.bundle.json", import.meta.url));
  const signature = { artifactType: bundleType, layers: [{ mediaType: bundleType, content }] };
  registry.pushReferrer(demoRepository, image, signature);
  const payments = registry.pushImage(demoPaymentsRepository, { seed: signed.seed, tag: signed.tag });
  registry.pushReferrer(demoPaymentsRepository, payments, signature);
  return registry;
}

if (mode === "cluster") {
  process.argv = [...process.argv.slice(0, 2), "serve", `--apply-crds=${root}config/crd`, ...rest];
  await import("../src/main.ts");
} else if (mode === "standalone") {
  let registry: TestRegistry;
  try {
    registry = await startDemoRegistry();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    process.stderr.write(
      `error: port ${demoPort} of this machine is in use: another demo may be running\nwhat to do: stop it, and run this again\n`,
    );
    process.exit(1);
  }
  const { signed, unsigned } = demoImages;
  const watched = [`${demoRepository}:${signed.tag}`, `${demoRepository}:${unsigned.tag}`, `${demoPaymentsRepository}:${signed.tag}`];
  const images = watched.map((image) => `--watch-image=127.0.0.1:${demoPort}/${image}`);
  const manifests = relative(process.cwd(), `${root}demo/manifests`);
  process.argv = [...process.argv.slice(0, 2), "serve", `--manifests=${manifests}`, "--health-port=0", ...images, ...rest];
  await import("../src/main.ts");
  await registry.stop();
  if (rest.includes("--once"))
    process.stdout.write("\nThe demo's registry has ended with this: to try these, let `make run` go on in another terminal.\n");
} else {
  process.stderr.write(`error: MODE=${mode} is not known\nwhat to do: make run, or make run MODE=cluster\n`);
  process.exitCode = 64;
}
