import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { blob, encode, sha256, types } from "../support/registry.ts";
import { createSigningKey, type ImageSignatureFormat, signImage, type SigningKey, type Subject } from "../support/signer.ts";

const refName = "org.opencontainers.image.ref.name";

/** An image layout on disk, filled as oras and cosign fill one. */
export class LayoutDirectory implements AsyncDisposable {
  readonly key: SigningKey = createSigningKey();
  readonly path: string;
  readonly #entries: object[] = [];

  private constructor(path: string) {
    this.path = path;
  }

  static async create(): Promise<LayoutDirectory> {
    const layout = new LayoutDirectory(await mkdtemp(join(tmpdir(), "countersign-layout-")));
    await mkdir(join(layout.path, "blobs", "sha256"), { recursive: true });
    await writeFile(join(layout.path, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
    await layout.#save();
    return layout;
  }

  async push(seed: string, name?: string): Promise<Subject> {
    const config = blob(types.config, seed);
    const document = encode({ schemaVersion: 2, mediaType: types.manifest, config: config.descriptor, layers: [] });
    await this.#blob(config.bytes);
    return await this.#list(document, name);
  }

  async sign(subject: Subject, options: { readonly key?: SigningKey; readonly format?: ImageSignatureFormat } = {}): Promise<Subject> {
    const { key = this.key, format = "legacy" } = options;
    const artifact = signImage({ key, subject, repository: "registry.acme.io/team/web", format });
    for (const { bytes } of artifact.blobs) await this.#blob(bytes);
    return await this.#list(artifact.manifest, artifact.tag);
  }

  async #list(bytes: Uint8Array, name: string | undefined): Promise<Subject> {
    await this.#blob(bytes);
    const descriptor = { mediaType: types.manifest, digest: sha256(bytes), size: bytes.byteLength };
    this.#entries.push({ ...descriptor, ...(name !== undefined && { annotations: { [refName]: name } }) });
    await this.#save();
    return descriptor;
  }

  async #blob(bytes: Uint8Array): Promise<void> {
    await writeFile(join(this.path, "blobs", "sha256", sha256(bytes).slice("sha256:".length)), bytes);
  }

  async #save(): Promise<void> {
    await writeFile(join(this.path, "index.json"), encode({ schemaVersion: 2, mediaType: types.index, manifests: this.#entries }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
