/** Two locations: a hostile one that is asked with a credential, and a good one that holds the signature; beside them somebody who should get nothing. */
import { createServer, type TLSSocket } from "node:tls";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { createAuthority, loopback } from "../support/certificates.ts";
import { type Pushed, type RegistryAuth, type RegistryOptions, startRegistry, type TestRegistry } from "../support/registry.ts";
import { createSigningKey, type SignedArtifact, signImage } from "../support/signer.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { fromFiles, type Files } from "./files.ts";
import { authProvider, caConfigMap, dockerSecret, store, trust } from "./fixture.ts";

export const authority = createAuthority();
/** A host name at which the thief is found where a test's network says so, at an address that is public to every guard. */
export const thiefName = "thief.acme.io";
const leaf = authority.issue({ ...loopback, dnsNames: [...loopback.dnsNames, thiefName] });
export const tls = { key: leaf.keyPem, cert: leaf.pem };
const key = createSigningKey();
export const user = { username: "reader", password: "canary-password-77d0" } as const;
const basic = Buffer.from(`${user.username}:${user.password}`).toString("base64");
/** Whether the canary can be read there. */
export const shows = (text: string): boolean => text.includes(user.password) || text.includes(basic);

export interface Scene extends AsyncDisposable {
  readonly bad: TestRegistry;
  readonly good: TestRegistry;
  /** Speaks as a registry would, with a certificate that is trusted. */
  readonly thief: TestRegistry;
  readonly files: Files;
  /** References; both images lie in the good registry. */
  readonly signed: string;
  readonly unsigned: string;
  /** The unsigned image. */
  readonly subject: Pushed;
  /** The signature that the hostile location lists for the unsigned image as well. */
  readonly listed: SignedArtifact;
}
export interface SceneOptions {
  readonly transport?: (thief: TestRegistry) => Transport;
  readonly bad?: RegistryOptions;
  /** Whom the hostile Store asks instead of `bad`. */
  readonly badHost?: string;
  /** Given the thief, because a realm names it. Default: basic with the canary. */
  readonly auth?: (thief: TestRegistry) => RegistryAuth;
}

/** The subject's manifest counts as nothing in the hostile location: `evidence` exists there and can be read. */
export async function startScene(options: SceneOptions = {}): Promise<Scene> {
  const [good, thief] = await Promise.all([startRegistry({ tls }), startRegistry({ tls })]);
  const auth: RegistryAuth = options.auth?.(thief) ?? { kind: "basic", users: { [user.username]: user.password } };
  const bad = await startRegistry({ tls, auth, ...options.bad });
  const badHost = options.badHost ?? bad.host;
  const [signed, unsigned] = [good.pushImage("acme/web", { seed: "signed" }), good.pushImage("acme/web", { seed: "unsigned" })];
  push(good, "acme/web", sign(good, signed));
  bad.pushImage("evidence", { seed: "other", tag: "other" });
  // Worthless: of the other image, so that the hostile registry cannot make the unsigned one allowed even when it is well.
  const listed = signImage({ key: createSigningKey(), subject: unsigned, repository: `${good.host}/acme/web`, format: "bundle" });
  push(bad, "evidence", listed);
  const caBundleRef = { kind: "ConfigMap", name: "ca", key: "ca.crt" };
  const files = await fromFiles(
    [
      caConfigMap("ca", authority.pem),
      dockerSecret("reader", { [badHost]: user }),
      authProvider("reader", { registries: [badHost], type: "kubernetesSecret", kubernetesSecret: { secretRef: { name: "reader" } } }),
      ...trust("release", key.publicKeyPem),
      store("bad", { scopes: [good.host], timeout: "1500ms", registry: { evidenceRepository: `${badHost}/evidence`, caBundleRef } }),
      store("good", { scopes: [good.host], timeout: "10s", registry: { caBundleRef } }),
    ],
    options.transport === undefined ? {} : { transport: options.transport(thief) },
  );
  return {
    ...{ bad, good, thief, files, listed, subject: unsigned },
    signed: `${good.host}/acme/web@${signed.digest}`,
    unsigned: `${good.host}/acme/web@${unsigned.digest}`,
    [Symbol.asyncDispose]: async () => {
      await files[Symbol.asyncDispose]();
      await Promise.all([bad, good, thief].map((registry) => registry[Symbol.asyncDispose]()));
    },
  };
}

function sign(registry: TestRegistry, subject: Pushed): SignedArtifact {
  return signImage({ key, subject, repository: `${registry.host}/acme/web`, format: "bundle" });
}

function push(registry: TestRegistry, repository: string, artifact: SignedArtifact): void {
  registry.push(repository, JSON.parse(Buffer.from(artifact.manifest).toString("utf8")), {
    blobs: artifact.blobs.map(({ bytes }) => bytes),
  });
}

export interface RawServer extends AsyncDisposable {
  readonly host: string;
  /** Connections ever made, and those that are open. */
  readonly count: { made: number; open: number };
}

/** A TLS port that says what no HTTP library would; `talk` gets the socket once the request's head is there. */
export async function startRaw(
  talk: (socket: TLSSocket) => void,
  more: {
    readonly key: string;
    readonly cert: string;
    readonly minVersion?: "TLSv1";
    readonly maxVersion?: "TLSv1";
    readonly ciphers?: string;
  } = tls,
): Promise<RawServer> {
  const count = { made: 0, open: 0 };
  const sockets = new Set<Socket>();
  const server = createServer(more, (socket) => {
    socket.on("error", () => socket.destroy());
    socket.once("data", () => talk(socket));
  });
  server.on("connection", (socket: Socket) => {
    count.made += 1;
    count.open += 1;
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => {
      count.open -= 1;
      sockets.delete(socket);
    });
  });
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    count,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
