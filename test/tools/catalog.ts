import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** One program that the end-to-end tests run, and the pinned Go module it is built from. */
export interface Tool {
  /** Name of the executable. */
  readonly name: string;
  readonly version: string;
  /** Folder beside this file that holds go.mod and go.sum: they pin every module the program is made of. */
  readonly module: string;
  /** Main package to build. */
  readonly goPackage: string;
  readonly ldflags: readonly string[];
}

/** Small first, so that a broken set-up shows in seconds and not in minutes. */
export const catalog = [
  tool("olareg", "0.1.2", "olareg", "github.com/olareg/olareg/cmd/olareg"),
  tool("etcd", "3.6.14", "etcd", "go.etcd.io/etcd/server/v3"),
  tool("registry", "3.1.1", "distribution", "github.com/distribution/distribution/v3/cmd/registry"),
  tool("cosign", "3.1.2", "cosign", "github.com/sigstore/cosign/v3/cmd/cosign"),
  kubernetesTool("kube-apiserver"),
  kubernetesTool("kubectl"),
] as const satisfies readonly Tool[];

/** Folder of the tool's go.mod and go.sum in the checkout. */
export function moduleFolder(tool: Tool): string {
  return fileURLToPath(new URL(`${tool.module}/`, import.meta.url));
}

/** Arguments of `go` that build `tool` into `output`. */
export function buildArguments(tool: Tool, output: string): string[] {
  return ["build", "-trimpath", `-ldflags=${["-s", "-w", ...tool.ldflags].join(" ")}`, "-o", output, tool.goPackage];
}

/** Environment of every build; what the caller's own GOFLAGS or go.work say must not change the result. */
export const buildEnvironment: Readonly<Record<string, string>> = {
  CGO_ENABLED: "0",
  GOFLAGS: "-mod=readonly -buildvcs=false",
  GOWORK: "off",
};

/** sha256 (hex) of all that decides what is built, but for the Go version. */
export async function inputsOf(tool: Tool): Promise<string> {
  const hash = createHash("sha256");
  for (const file of ["go.mod", "go.sum"]) hash.update(await readFile(`${moduleFolder(tool)}${file}`)).update("\0");
  return hash.update(JSON.stringify([buildArguments(tool, ""), buildEnvironment])).digest("hex");
}

function tool<Name extends string>(name: Name, version: string, module: string, goPackage: string): Tool & { readonly name: Name } {
  return { name, version, module, goPackage, ldflags: [] };
}

/** Kubernetes programs report the version that the linker gives them; without it kubectl prints a template. */
function kubernetesTool<Name extends string>(name: Name): Tool & { readonly name: Name } {
  const stamps = { gitVersion: "v1.36.3", gitMajor: "1", gitMinor: "36" };
  const ldflags = Object.entries(stamps).flatMap(([key, value]) => ["-X", `k8s.io/component-base/version.${key}=${value}`]);
  return { ...tool(name, "1.36.3", "kubernetes", `k8s.io/kubernetes/cmd/${name}`), ldflags };
}
