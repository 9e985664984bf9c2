import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it, after } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Verifier } from "../../src/engine/verifier.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "countersign-second-type-"));
after(() => rmSync(directory, { recursive: true, force: true }));

/** The whole of a second type of Verifier: one file, … */
const plugin = `import type { VerifierConfigs } from "../../api/verifier.ts";
import type { Verifier } from "../../engine/verifier.ts";

/** Takes a text file attached to an image for what it says, if it is short. */
export function noteVerifier(config: VerifierConfigs["note"], deps: { readonly name: string }): { readonly verifier: Verifier } {
  const verifier: Verifier = {
    name: deps.name,
    kind: "content",
    ...(config.signedBy !== undefined && { signedBy: config.signedBy }),
    canVerify: ({ artifactType }) => artifactType === undefined || artifactType === "text/plain",
    verify: ({ artifact }) => {
      const base = { verifier: deps.name, artifact: artifact.descriptor.digest };
      const isShort = artifact.layers.every(({ size }) => size <= config.longest);
      return Promise.resolve(
        isShort
          ? { outcome: "verified", ...base, signers: [] }
          : { outcome: "rejected", ...base, reason: "Malformed", message: "The note is too long" },
      );
    },
  };
  return { verifier };
}
`;
/** … one line in the catalog (and the import that it needs), … */
const catalogLine = {
  file: "src/verifier/catalog.ts",
  edits: [
    ["  cosign: cosignVerifier,\n", "  cosign: cosignVerifier,\n  note: noteVerifier,\n"],
    ["import { type CosignDeps", 'import { noteVerifier } from "./note/note-verifier.ts";\nimport { type CosignDeps'],
  ],
} as const;
/** … and one entry in the union: its type, and the schema of that. */
const unionType = {
  file: "src/api/verifier.ts",
  edits: [
    [
      "export interface VerifierConfigs {\n",
      "export interface VerifierConfigs {\n  readonly note: { readonly longest: number; readonly signedBy?: readonly string[] };\n",
    ],
  ],
} as const;
const unionSchema = {
  file: "src/api/verifier.ts",
  edits: [
    [
      "const members: Members<VerifierConfigs> = {\n",
      `const members: Members<VerifierConfigs> = {
  note: member(
    struct("A note attached to the image.", {
      longest: integer("Most bytes.", { minimum: 1, maximum: 65_536 }),
      signedBy: optional(refsField("Verifiers one of which has to verify a signature on it.", "Name of a Verifier.")),
    }),
  ),
`,
    ],
    ["import { list, optional,", "import { integer, list, optional,"],
  ],
} as const;
type Piece = typeof catalogLine | typeof unionType | typeof unionSchema;

interface Tree {
  readonly name: string;
  readonly pieces: readonly Piece[];
  readonly hasPlugin?: boolean;
}

/** A copy of src with the pieces in it, and what the compiler says of it: nothing, or its errors. */
async function compile({ name, pieces, hasPlugin = true }: Tree): Promise<string> {
  const copy = join(directory, name);
  cpSync(join(root, "src"), join(copy, "src"), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  for (const file of ["package.json", "tsconfig.json"]) cpSync(join(root, file), join(copy, file));
  const config = JSON.parse(readFileSync(join(copy, "tsconfig.json"), "utf8")) as object;
  writeFileSync(join(copy, "tsconfig.json"), JSON.stringify({ ...config, include: ["src"] }));
  if (hasPlugin) await put(join(copy, "src/verifier/note/note-verifier.ts"), plugin);
  for (const { file, edits } of pieces) {
    const path = join(copy, file);
    const text = edits.reduce(
      (before, [from, to]) => {
        assert.ok(before.includes(from), `${file} has no line ${JSON.stringify(from)}`);
        return before.replace(from, to);
      },
      readFileSync(path, "utf8"),
    );
    await put(path, text);
  }
  const { promise, resolve } = Promise.withResolvers<string>();
  const tsc = join(root, "node_modules/typescript7/bin/tsc");
  execFile(process.execPath, [tsc, "--noEmit", "--pretty", "false", "-p", "."], { cwd: copy, timeout: 120_000 }, (error, stdout) =>
    resolve(error === null ? "" : stdout === "" ? error.message : stdout),
  );
  return await promise;
}

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

describe("a second type of Verifier", () => {
  it("is one file, one line of the catalog and one entry of the union: nothing else has to be touched", async () => {
    assert.equal(await compile({ name: "whole", pieces: [catalogLine, unionType, unionSchema] }), "");
    const load = async (file: string): Promise<unknown> => await import(pathToFileURL(join(directory, "whole", file)).href);
    const { decodeVerifier } = (await load("src/api/verifier.ts")) as { decodeVerifier: (raw: unknown) => { ok: boolean; spec?: unknown } };
    const { buildVerifier } = (await load("src/verifier/catalog.ts")) as {
      buildVerifier: (spec: unknown, deps: object) => { verifier: Verifier };
    };
    const spec = { type: "note", note: { longest: 80, signedBy: [{ name: "release" }] } };
    const decoded = decodeVerifier({ apiVersion: "countersign.dev/v1alpha1", kind: "Verifier", metadata: { name: "notes" }, spec });
    assert.deepEqual(decoded, { ok: true, spec: { type: "note", config: { longest: 80, signedBy: ["release"] } } });
    const { verifier } = buildVerifier(decoded.spec, { name: "notes" });
    assert.deepEqual([verifier.name, verifier.kind, verifier.signedBy], ["notes", "content", ["release"]]);
  });

  const missing: readonly (readonly [what: string, tree: Tree, error: RegExp])[] = [
    [
      "the line of the catalog",
      { name: "no-line", pieces: [unionType, unionSchema] },
      /^src\/verifier\/catalog\.ts\(\d+,\d+\): error TS2741: Property 'note' is missing/mu,
    ],
    [
      "the entry of the union",
      { name: "no-entry", pieces: [catalogLine] },
      /^src\/verifier\/catalog\.ts\(\d+,\d+\): error TS2353: .*'note' does not exist in type 'VerifierCatalog<VerifierConfigs>'/mu,
    ],
    [
      "the schema of the entry",
      { name: "no-schema", pieces: [catalogLine, unionType] },
      /^src\/api\/verifier\.ts\(\d+,\d+\): error TS2741: Property 'note' is missing/mu,
    ],
    [
      "the file",
      { name: "no-file", pieces: [catalogLine, unionType, unionSchema], hasPlugin: false },
      /^src\/verifier\/catalog\.ts\(\d+,\d+\): error TS2307: Cannot find module '\.\/note\/note-verifier\.ts'/mu,
    ],
  ];
  for (const [what, tree, error] of missing) {
    it(`does not compile without ${what}, and the error names the place`, async () => assert.match(await compile(tree), error));
  }
});
