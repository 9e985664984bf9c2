import { generateKeyPairSync } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Certificate, createAuthority, loopback } from "../certificates.ts";
import type { Tools } from "../../tools/build.ts";
import { send } from "./http.ts";
import { type CommandResult, createScratch, freePort, Part, RealPartError, removeScratch, runCommand } from "./part.ts";

/** Extra command-line flags; a flag given twice counts as given last. */
export interface ControlPlaneOptions {
  readonly tools: Tools;
  readonly flags?: readonly string[];
  readonly etcdFlags?: readonly string[];
}

/** One line of the audit log: the fields that tests ask about (audit.k8s.io/v1 Event). */
export interface AuditEntry {
  readonly stage: string;
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string; readonly groups?: readonly string[] };
  readonly userAgent?: string;
  readonly objectRef?: {
    readonly resource?: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly apiGroup?: string;
    readonly subresource?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  /** RFC 3339 with microseconds. */
  readonly requestReceivedTimestamp: string;
}

/** etcd and kube-apiserver on this machine: RBAC on, anonymous off, no controllers (a deleted namespace stays Terminating: take a new one per test). */
export interface ControlPlane {
  readonly apiServerUrl: string;
  readonly caPem: string;
  /** Path of a kubeconfig with the group system:masters. */
  readonly adminKubeconfig: string;
  /** Runs kubectl as admin, or with another kubeconfig. Never throws for what kubectl refuses: look at `code`. */
  kubectl(args: readonly string[], options?: { readonly stdin?: string; readonly kubeconfig?: string }): Promise<CommandResult>;
  /** kubectl as admin that must succeed; returns what it printed. @throws {RealPartError} with kubectl's words */
  kubectlOk(args: readonly string[], stdin?: string): Promise<string>;
  /** Finished requests since the first start, oldest first (stage ResponseStarted marks a watch that is still open). */
  auditEntries(): Promise<AuditEntry[]>;
  /** Path of a kubeconfig with a token of an existing ServiceAccount, good for an hour. */
  kubeconfigForServiceAccount(namespace: string, name: string): Promise<string>;
  /** Path of a kubeconfig with a client certificate; unlike admin, such a user is not exempt from request limits. */
  kubeconfigForUser(name: string, groups?: readonly string[]): Promise<string>;
  /** Same port and data; `extraFlags` are for this run only. `signal` SIGKILL is a crash (2 s), SIGTERM an orderly end (5 s). */
  restartApiServer(extraFlags?: readonly string[], signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
  stopApiServer(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
  startApiServer(extraFlags?: readonly string[]): Promise<void>;
  /** From when this has settled, the API server accepts connections and never answers. */
  pauseApiServer(): Promise<void>;
  resumeApiServer(): void;
  /** Consistent reads and writes hang; lists from the watch cache still answer. */
  pauseEtcd(): Promise<void>;
  resumeEtcd(): void;
  apiServerLog(): Promise<string>;
  /** Ends both and removes their data. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Block style on purpose: the audit policy loader takes a file that starts with "{" for JSON. */
const auditPolicy = "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n";

/** Starts etcd and kube-apiserver (about 4 s, 310 MiB); share one between the tests of a file. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const scratch = createScratch("control-plane");
  const authority = createAuthority({ commonName: "kubernetes-ca" });
  const [etcdPort, peerPort, apiPort] = [await freePort(), await freePort(), await freePort()];
  const apiServerUrl = `https://127.0.0.1:${apiPort}`;
  const admin = authority.issue({ commonName: "admin", organizations: ["system:masters"], usages: ["clientAuth"] });
  const files = await writeFiles(scratch, authority.pem, authority.issue({ ...serverNames, commonName: "kube-apiserver" }));

  const etcd = new Part({
    name: "etcd",
    command: options.tools.etcd,
    scratch,
    isReady: async () => (await send(`http://127.0.0.1:${etcdPort}/health`)).status === 200,
  });
  const apiServer = new Part({
    name: "kube-apiserver",
    command: options.tools["kube-apiserver"],
    scratch,
    isReady: async () => (await send(`${apiServerUrl}/readyz`, { ca: authority.pem, cert: admin.pem, key: admin.keyPem })).status === 200,
  });
  const startApiServer = (extraFlags: readonly string[] = []): Promise<void> =>
    apiServer.start([...apiServerFlags(files, etcdPort, apiPort), ...(options.flags ?? []), ...extraFlags]);
  const stop = async (): Promise<void> => {
    await apiServer.stop("SIGKILL");
    await etcd.stop("SIGKILL");
    removeScratch(scratch);
  };
  const kubeconfig = async (name: string, user: Readonly<Record<string, string>>): Promise<string> => {
    const path = join(scratch, `${name.replaceAll(/[^\w.-]/g, "_")}.kubeconfig`);
    await writeFile(path, kubeconfigText(apiServerUrl, authority.pem, user), { mode: 0o600 });
    return path;
  };
  try {
    await etcd.start([...etcdFlags(scratch, etcdPort, peerPort), ...(options.etcdFlags ?? [])]);
    await startApiServer();
  } catch (error) {
    await stop();
    throw error;
  }

  const adminKubeconfig = await kubeconfig("admin", certificateUser(admin));
  const kubectl: ControlPlane["kubectl"] = (args, { stdin, kubeconfig: path = adminKubeconfig } = {}) =>
    runCommand(options.tools.kubectl, ["--kubeconfig", path, "--cache-dir", join(scratch, "kubectl-cache"), ...args], {
      env: { HOME: scratch },
      ...(stdin !== undefined && { stdin }),
    });
  const kubectlOk: ControlPlane["kubectlOk"] = async (args, stdin) => {
    const result = await kubectl(args, stdin === undefined ? {} : { stdin });
    if (result.code !== 0) throw new RealPartError(`kubectl ${args.join(" ")} ended with ${result.code}\n${result.stderr.trim()}`);
    return result.stdout;
  };
  return {
    apiServerUrl,
    caPem: authority.pem,
    adminKubeconfig,
    kubectl,
    kubectlOk,
    auditEntries: () => readAudit(files.auditLog),
    kubeconfigForServiceAccount: async (namespace, name) => {
      const token = (await kubectlOk(["create", "token", name, "--namespace", namespace, "--duration", "1h"])).trim();
      return kubeconfig(`${namespace}.${name}`, { token });
    },
    kubeconfigForUser: (name, groups = []) =>
      kubeconfig(`user.${name}`, certificateUser(authority.issue({ commonName: name, organizations: groups, usages: ["clientAuth"] }))),
    restartApiServer: async (extraFlags, signal) => {
      await apiServer.stop(signal);
      await startApiServer(extraFlags);
    },
    stopApiServer: (signal) => apiServer.stop(signal),
    startApiServer,
    pauseApiServer: () => apiServer.pause(),
    resumeApiServer: () => apiServer.resume(),
    pauseEtcd: () => etcd.pause(),
    resumeEtcd: () => etcd.resume(),
    apiServerLog: () => apiServer.log(),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

const serverNames = {
  dnsNames: [...loopback.dnsNames, "kubernetes.default.svc"],
  ipAddresses: [...loopback.ipAddresses, "10.0.0.1"],
} as const;

interface Files {
  readonly ca: string;
  readonly serverCert: string;
  readonly serverKey: string;
  readonly serviceAccountKey: string;
  readonly serviceAccountPublicKey: string;
  readonly auditPolicy: string;
  readonly auditLog: string;
}

async function writeFiles(scratch: string, caPem: string, server: Certificate): Promise<Files> {
  const serviceAccount = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { format: "pem", type: "pkcs8" },
    publicKeyEncoding: { format: "pem", type: "spki" },
  });
  const put = async (name: string, content: string): Promise<string> => {
    await writeFile(join(scratch, name), content, { mode: 0o600 });
    return join(scratch, name);
  };
  return {
    ca: await put("ca.crt", caPem),
    serverCert: await put("apiserver.crt", server.pem),
    serverKey: await put("apiserver.key", server.keyPem),
    serviceAccountKey: await put("sa.key", serviceAccount.privateKey),
    serviceAccountPublicKey: await put("sa.pub", serviceAccount.publicKey),
    auditPolicy: await put("audit.yaml", auditPolicy),
    auditLog: join(scratch, "audit.json"),
  };
}

function etcdFlags(scratch: string, clientPort: number, peerPort: number): string[] {
  const [client, peer] = [`http://127.0.0.1:${clientPort}`, `http://127.0.0.1:${peerPort}`];
  return [
    ...["--name=e", `--data-dir=${join(scratch, "etcd")}`, `--initial-cluster=e=${peer}`, "--unsafe-no-fsync", "--log-level=warn"],
    ...[`--listen-client-urls=${client}`, `--advertise-client-urls=${client}`],
    ...[`--listen-peer-urls=${peer}`, `--initial-advertise-peer-urls=${peer}`],
  ];
}

function apiServerFlags(files: Files, etcdPort: number, apiPort: number): string[] {
  return [
    ...[
      `--etcd-servers=http://127.0.0.1:${etcdPort}`,
      "--bind-address=127.0.0.1",
      "--advertise-address=127.0.0.1",
      `--secure-port=${apiPort}`,
    ],
    ...[`--tls-cert-file=${files.serverCert}`, `--tls-private-key-file=${files.serverKey}`, `--client-ca-file=${files.ca}`],
    ...["--authorization-mode=RBAC", "--anonymous-auth=false"],
    ...["--service-account-issuer=https://kubernetes.default.svc", `--service-account-key-file=${files.serviceAccountPublicKey}`],
    `--service-account-signing-key-file=${files.serviceAccountKey}`,
    ...["--service-cluster-ip-range=10.0.0.0/24", "--endpoint-reconciler-type=none", "--disable-admission-plugins=ServiceAccount"],
    ...[`--audit-policy-file=${files.auditPolicy}`, `--audit-log-path=${files.auditLog}`],
  ];
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

const certificateUser = ({ pem, keyPem }: Certificate): Record<string, string> => ({
  "client-certificate-data": base64(pem),
  "client-key-data": base64(keyPem),
});

/** JSON is YAML: every reader of kubeconfigs takes it. Everything is inside, so that the file may be copied anywhere. */
function kubeconfigText(server: string, caPem: string, user: Readonly<Record<string, string>>): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster: { server, "certificate-authority-data": base64(caPem) } }],
    users: [{ name: "test", user }],
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    "current-context": "test",
  });
}

async function readAudit(path: string): Promise<AuditEntry[]> {
  const text = await readFile(path, "utf8");
  // The last line may be half written: it counts once its line feed is there.
  const lines = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as AuditEntry);
}
