/**
 * Bundles src/main.ts and src/worker.ts for the image: two entries and their lazily loaded chunks, side by side in dist/ (or in the first argument;
 * further arguments are entries besides, for tests). Prints the bytes of each.
 */
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const outdir = process.argv[2] ?? `${root}dist`;
await rm(outdir, { recursive: true, force: true });
const result = await build({
  absWorkingDir: root,
  entryPoints: ["src/main.ts", "src/worker.ts", ...process.argv.slice(3)],
  entryNames: "[name]", // compute/ finds worker.mjs beside whatever chunk it is in
  outdir,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  splitting: true,
  minify: true,
  keepNames: true, // error names are printed
  sourcemap: false,
  platform: "node",
  format: "esm",
  target: "node24",
  metafile: true,
  logLevel: "warning",
  // Dependencies that are CommonJS (winston, parts of the Kubernetes client) call require().
  banner: { js: 'import { createRequire as countersignRequire } from "node:module"; const require = countersignRequire(import.meta.url);' },
});
for (const [file, { bytes }] of Object.entries(result.metafile.outputs).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
  process.stdout.write(`${String(bytes).padStart(9)}  ${file}\n`);
}
