# bash completion of countersign: source <(countersign completion bash)
_countersign() {
  local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD - 1]}" command="" place=0 at words="" word
  # "--output=json" comes as three words
  if [[ $current == "=" ]]; then current=""; elif [[ $previous == "=" ]]; then previous="${COMP_WORDS[COMP_CWORD - 2]}"; fi
  for ((at = 1; at < COMP_CWORD; at++)); do
    case "$command ${COMP_WORDS[at]}" in
      'verify --in-namespace' | 'verify -o' | 'verify --output' | 'verify --as' | 'verify --record' | 'verify --replay' | 'verify --manifests' | 'verify --kubeconfig' | 'verify --namespace' | 'verify --file-root' | 'verify --timeout' | 'discover -o' | 'discover --output' | 'discover --manifests' | 'discover --kubeconfig' | 'discover --namespace' | 'discover --file-root' | 'discover --timeout' | 'resolve -o' | 'resolve --output' | 'resolve --manifests' | 'resolve --kubeconfig' | 'resolve --namespace' | 'resolve --file-root' | 'resolve --timeout' | 'diff --images-from' | 'diff --in-namespace' | 'diff -o' | 'diff --output' | 'diff --manifests' | 'diff --namespace' | 'diff --file-root' | 'diff --timeout' | 'explain --in-namespace' | 'explain -o' | 'explain --output' | 'explain --manifests' | 'explain --kubeconfig' | 'explain --namespace' | 'explain --file-root' | 'explain --timeout' | 'check -o' | 'check --output' | 'check --manifests' | 'check --kubeconfig' | 'check --namespace' | 'check --file-root' | 'check --timeout' | 'get --in-namespace' | 'get -o' | 'get --output' | 'get --manifests' | 'get --kubeconfig' | 'get --namespace' | 'get --file-root' | 'get --timeout' | 'serve --health-port' | 'serve --log-level' | 'serve --watch-image' | 'serve --apply-crds' | 'serve --manifests' | 'serve --kubeconfig' | 'serve --namespace' | 'serve --file-root' | 'version -o' | 'version --output')
        at=$((at + 1)); [[ ${COMP_WORDS[at]} == "=" ]] && at=$((at + 1)) ;;
      "$command -"*) ;;
      " "*) command="${COMP_WORDS[at]}" ;;
      *) place=$((place + 1)) ;;
    esac
  done
  COMPREPLY=()
  case "$command $previous" in
    'verify --in-namespace') words='' ;;
    'verify -o' | 'verify --output') words='text json yaml' ;;
    'verify --as') words='' ;;
    'verify --record') words='@file' ;;
    'verify --replay') words='@file' ;;
    'verify --manifests') words='@directory' ;;
    'verify --kubeconfig') words='@file' ;;
    'verify --namespace') words='' ;;
    'verify --file-root') words='@directory' ;;
    'verify --timeout') words='' ;;
    'discover -o' | 'discover --output') words='text json yaml' ;;
    'discover --manifests') words='@directory' ;;
    'discover --kubeconfig') words='@file' ;;
    'discover --namespace') words='' ;;
    'discover --file-root') words='@directory' ;;
    'discover --timeout') words='' ;;
    'resolve -o' | 'resolve --output') words='text json yaml' ;;
    'resolve --manifests') words='@directory' ;;
    'resolve --kubeconfig') words='@file' ;;
    'resolve --namespace') words='' ;;
    'resolve --file-root') words='@directory' ;;
    'resolve --timeout') words='' ;;
    'diff --images-from') words='@file' ;;
    'diff --in-namespace') words='' ;;
    'diff -o' | 'diff --output') words='text wide json yaml' ;;
    'diff --manifests') words='@directory' ;;
    'diff --namespace') words='' ;;
    'diff --file-root') words='@directory' ;;
    'diff --timeout') words='' ;;
    'explain --in-namespace') words='' ;;
    'explain -o' | 'explain --output') words='text json yaml' ;;
    'explain --manifests') words='@directory' ;;
    'explain --kubeconfig') words='@file' ;;
    'explain --namespace') words='' ;;
    'explain --file-root') words='@directory' ;;
    'explain --timeout') words='' ;;
    'check -o' | 'check --output') words='table json yaml' ;;
    'check --manifests') words='@directory' ;;
    'check --kubeconfig') words='@file' ;;
    'check --namespace') words='' ;;
    'check --file-root') words='@directory' ;;
    'check --timeout') words='' ;;
    'get --in-namespace') words='' ;;
    'get -o' | 'get --output') words='table wide json yaml' ;;
    'get --manifests') words='@directory' ;;
    'get --kubeconfig') words='@file' ;;
    'get --namespace') words='' ;;
    'get --file-root') words='@directory' ;;
    'get --timeout') words='' ;;
    'serve --health-port') words='' ;;
    'serve --log-level') words='debug info warn error' ;;
    'serve --watch-image') words='' ;;
    'serve --apply-crds') words='@directory' ;;
    'serve --manifests') words='@directory' ;;
    'serve --kubeconfig') words='@file' ;;
    'serve --namespace') words='' ;;
    'serve --file-root') words='@directory' ;;
    'version -o' | 'version --output') words='text json yaml' ;;
    *)
      if [[ $current == -* ]]; then
        case "$command" in
          '') words='-V --version -h --help' ;;
          'verify') words='--in-namespace -o --output --as --record --replay --manifests --kubeconfig --namespace --file-root --timeout -h --help' ;;
          'discover') words='-o --output --manifests --kubeconfig --namespace --file-root --timeout -h --help' ;;
          'resolve') words='-o --output --manifests --kubeconfig --namespace --file-root --timeout -h --help' ;;
          'diff') words='--images-from --in-namespace -o --output --manifests --namespace --file-root --timeout -h --help' ;;
          'explain') words='--in-namespace -o --output --manifests --kubeconfig --namespace --file-root --timeout -h --help' ;;
          'check') words='-o --output --manifests --kubeconfig --namespace --file-root --timeout -h --help' ;;
          'get') words='--in-namespace -A --all-namespaces -o --output --manifests --kubeconfig --namespace --file-root --timeout -h --help' ;;
          'serve') words='--health-port --log-level --watch-image --once --apply-crds --manifests --kubeconfig --namespace --file-root -h --help' ;;
          'completion') words='-h --help' ;;
          'version') words='-o --output -h --help' ;;
          'help') words='' ;;
        esac
      else
        case "$command $place" in
          " 0") words='verify discover resolve diff explain check get serve completion version help' ;;
          'get '0) words='stores namespacedstores authproviders namespacedauthproviders verifiers namespacedverifiers keyproviders namespacedkeyproviders policies namespacedpolicies' ;;
          'completion '0) words='bash zsh fish' ;;
          'help '0) words='verify discover resolve diff explain check get serve completion version' ;;
        esac
      fi
      ;;
  esac
  case "$words" in
    @directory | @file)
      compopt -o filenames 2>/dev/null
      while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -A "${words#@}" -- "$current")
      ;;
    *) while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$words" -- "$current") ;;
  esac
}
complete -F _countersign countersign
