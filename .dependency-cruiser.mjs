// The import floors (docs/adr/0002-import-floors.md): a room imports itself and lower floors, never up, never sideways.
const floors = [
  ["kernel"],
  ["oci", "pki", "api", "workload"],
  ["engine", "keychain", "trust", "transport", "kube", "manifests", "compute", "telemetry"],
  ["snapshot", "health", "tape", "auth", "store", "verifier", "key"],
  ["operator", "admission", "cli"],
  ["app"],
];
const bridges = [["api", "oci"]]; // decoding validates references and scopes
const dirs = (names) => `^src/(${names.join("|")})/`;
const floorRules = floors.flat().map((room) => {
  const at = floors.findIndex((names) => names.includes(room));
  const below = floors.slice(0, at).flat();
  const allowed = [room, ...below, ...bridges.filter(([from]) => from === room).map(([, to]) => to)];
  return {
    name: `floor-${room}`,
    severity: "error",
    comment: `${room}/ may import only: ${allowed.join(", ")}`,
    from: { path: `^src/${room}/` },
    to: { path: "^src/", pathNot: dirs(allowed) },
  };
});
const pure = dirs(["kernel", "oci", "pki", "api", "workload", "engine", "keychain", "trust", "snapshot", "tape"]);
/** Small libraries without input or output; each has its line in docs/adr/0003-dependencies.md. */
const pureLibraries = ["lru-cache", "@noble/curves"];
const npm = ["npm", "npm-dev", "npm-peer", "npm-optional", "npm-no-pkg", "npm-unknown"];
const only = (library, room) => ({
  name: `${library.replaceAll(/[^a-z]/g, "")}-only-in-${room}`,
  severity: "error",
  comment: `${library} is imported in src/${room}/ only`,
  from: { path: "^src/", pathNot: `^src/${room}/` },
  to: { path: `(^|/)node_modules/${library}/` },
});
export default {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    { name: "no-orphans", severity: "error", from: { orphan: true, pathNot: "^src/(main|worker)\\.ts$" }, to: {} },
    ...floorRules,
    {
      name: "pure-core",
      severity: "error",
      from: { path: pure },
      to: { path: "^(node:)?(fs|net|tls|http|https|http2|dns|child_process|worker_threads|process|os)(/|$)" },
    },
    {
      name: "pure-core-npm",
      severity: "error",
      from: { path: pure },
      to: { dependencyTypes: npm, pathNot: `(^|/)node_modules/(${pureLibraries.join("|")})/` },
    },
    only("@kubernetes/client-node", "kube"),
    only("undici", "transport"),
    only("(winston|prom-client)", "telemetry"),
    only("commander", "cli"),
    only("@bufbuild", "compute"),
    only("(google-auth-library|gaxios|gcp-metadata)", "auth/google"),
    only("@azure", "auth/azure"),
    only("@(aws-sdk|smithy)", "auth/aws"),
    {
      name: "threads-only-in-compute",
      severity: "error",
      comment: "what runs in a thread is started by src/compute/ and ends in src/worker.ts",
      from: { path: "^src/", pathNot: "^src/(compute/|worker\\.ts$)" },
      to: { path: "^(node:)?worker_threads$" },
    },
    {
      name: "plugins-are-blind",
      severity: "error",
      comment: "only catalog.ts sees all plug-ins of its room",
      from: { path: "^src/(auth|store|verifier|key)/([^/]+)(/|\\.ts$)", pathNot: "/catalog\\.ts$" },
      to: { path: "^src/(auth|store|verifier|key)/", pathNot: "^src/$1/$2(/|\\.ts$)" },
    },
    { name: "no-tests-in-src", severity: "error", from: { path: "^src/" }, to: { path: "^test/" } },
  ],
  options: { tsConfig: { fileName: "tsconfig.json" }, tsPreCompilationDeps: true, doNotFollow: { path: "node_modules" } },
};
