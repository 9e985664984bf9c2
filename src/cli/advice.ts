const reachable = 'check that "kubectl version" reaches the API server from here, then try again';

/** What to do about errors whose remedy alone says too little, by their stable code: those that a command may end with before it has judged anything. */
const advice: ReadonlyMap<string, string> = new Map([
  ["INPUT_TOO_LARGE", "give fewer images at a time"],
  ["INPUT_UNREADABLE", "name a file that is there and that you may read, or write the images to standard input"],
  ["REFERENCE_INVALID", "write registry/repository:tag or registry/repository@sha256:…"],
  ["MANIFESTS_UNREADABLE", "name a directory of manifests that is there, and correct the file that is named"],
  ["CLUSTER_UNREACHABLE", "give --manifests DIR to judge by files, or a kubeconfig with which kubectl reaches the cluster"],
  ["CLUSTER_REFUSED", "let this user get, list and watch what config/rbac/role.yaml names, or name another with --kubeconfig"],
  ["CRD_NOT_INSTALLED", 'install them ("kubectl apply -f config/crd"), or name another cluster with --kubeconfig'],
  ["TELEMETRY_LISTEN_FAILED", "end what listens there, or choose another port with --health-port"],
  ["KUBE_CONFIG_INVALID", "correct the kubeconfig, or name another with --kubeconfig"],
  ["KUBE_CREDENTIALS_UNAVAILABLE", "log in anew: what the kubeconfig names for credentials gave none"],
  ["KUBE_UNREACHABLE", reachable],
  ["KUBE_TIMEOUT", reachable],
  ["KUBE_REFUSED", "do as the API server's own words say: a right is missing, an object is wrong, or the server has trouble of its own"],
  ["KUBE_LIMIT_EXCEEDED", "remove objects of that kind, or what makes them so large"],
  ["KUBE_PROTOCOL_VIOLATION", "check that the kubeconfig names a Kubernetes API server, and what stands between it and here"],
  ["KUBE_MANIFEST_INVALID", "correct the manifest, or install the CRD of its kind first"],
]);

/** Advice of a code's own; undefined: its remedy says enough. */
export function adviceOf(code: string): string | undefined {
  return advice.get(code);
}
