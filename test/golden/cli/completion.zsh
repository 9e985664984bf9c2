#compdef countersign
# zsh completion of countersign: source <(countersign completion zsh)
_countersign_commands() {
  local -a commands
  commands=(
    'verify:judge images: allow, deny or inconclusive'
    'discover:show what is attached to an image, and to what is attached to it, as every store lists it; verifies nothing'
    'resolve:print the digest that each image stands for, and what each store makes of its tag'
    'diff:say whose verdict would change if other manifests were applied, and why'
    'explain:say which stores would be asked about images, with which credential, which policies apply, and why; contacts no registry'
    'check:say of every object whether it is accepted; exits 1 if one is not'
    'get:print objects and their status as kubectl would; with --manifests every registry is probed once'
    'serve:run the operator: keep probing the stores and writing their status, until stopped'
    'completion:print a script that completes commands, options and their values in a shell'
    'version:print the version'
    'help:display help for command'
  )
  _describe command commands
}
_countersign() {
  local curcontext="$curcontext" context state state_descr line
  typeset -A opt_args
  _arguments -C \
    '(-V --version)'{-V,--version}'[print the version]' \
    '(-h --help)'{-h,--help}'[display help for command]' \
    '1: :_countersign_commands' \
    '*:: :->arguments'
  [[ $state == arguments ]] || return
  case $line[1] in
    verify)
      _arguments -s -S \
        '(--in-namespace)'--in-namespace='[as if an object of this namespace ran the images\: its own policies and stores count too]:NS:()' \
        '(-o --output)'{-o+,--output=}'[how the answer is printed]:FORMAT:(text json yaml)' \
        '(--as)'--as='[of oci\:DIR\: the reference whose scopes count (default\: every policy applies)]:IMAGE:()' \
        '(--record)'--record='[keep everything that the verdict on one image is made of, and no secret]:FILE:_files' \
        '(--replay)'--replay='[verify again what was recorded, without contacting anybody]:FILE:_files' \
        '(--manifests)'--manifests='[judge by the YAML files of this directory, without a cluster]:DIR:_files -/' \
        '(--kubeconfig)'--kubeconfig='[judge by the objects of this cluster (default\: as kubectl finds it)]:FILE:_files' \
        '(--namespace)'--namespace='[where Secrets, ConfigMaps and ServiceAccounts are read]:NS:()' \
        '(--file-root)'--file-root='[files that objects name must lie below it (default\: none may be read)]:DIR:_files -/' \
        '(--timeout)'--timeout='[how long each step may take\: reading the configuration, one image, one round of probes]:DURATION:()' \
        '(-h --help)'{-h,--help}'[display help for command]' \
        '*:IMAGE:()'
      ;;
    discover)
      _arguments -s -S \
        '(-o --output)'{-o+,--output=}'[how the answer is printed]:FORMAT:(text json yaml)' \
        '(--manifests)'--manifests='[judge by the YAML files of this directory, without a cluster]:DIR:_files -/' \
        '(--kubeconfig)'--kubeconfig='[judge by the objects of this cluster (default\: as kubectl finds it)]:FILE:_files' \
        '(--namespace)'--namespace='[where Secrets, ConfigMaps and ServiceAccounts are read]:NS:()' \
        '(--file-root)'--file-root='[files that objects name must lie below it (default\: none may be read)]:DIR:_files -/' \
        '(--timeout)'--timeout='[how long each step may take\: reading the configuration, one image, one round of probes]:DURATION:()' \
        '(-h --help)'{-h,--help}'[display help for command]' \
        '1:IMAGE:()'
      ;;
    resolve)
      _arguments -s -S \
        '(-o --output)'{-o+,--output=}'[how the answer is printed]:FORMAT:(text json yaml)' \
        '(--manifests)'--manifests='[judge by the YAML files of this directory, without a cluster]:DIR:_files -/' \
        '(--kubeconfig)'--kubeconfig='[judge by the objects of this cluster (default\: as kubectl finds it)]:FILE:_files' \
        '(--namespace)'--namespace='[where Secrets, ConfigMaps and ServiceAccounts are read]:NS:()' \
        '(--file-root)'--file-root='[files that objects name must lie below it (default\: none may be read)]:DIR:_files -/' \
        '(--timeout)'--timeout='[how long each step may take\: reading the configuration, one image, one round of probes]:DURATION:()' \
        '(-h --help)'{-h,--help}'[display help for command]' \
        '*:IMAGE:()'
      ;;
    diff)
      _arguments -s -S \
        '(--images-from)'--images-from='[also the images of this file, one a line; "#" begins a comment, "-" is standard input]:FILE:_files' \
        '(--in-namespace)'--in-namespace='[as if an object of this namespace ran the images\: its own policies and stores count too]:NS:()' \
        '(-o --output)'{-o+,--output=}'[how the answer is printed]:FORMAT:(text wide json yaml)' \
        '(--manifests)'--manifests='[give it twice\: the manifests as they are, then as they would be]:DIR:_files -/' \
        '(--namespace)'--namespace='[where Secrets, ConfigMaps and ServiceAccounts are read]:NS:()' \
        '(--file-root)'--file-root='[files that objects name must lie below it (default\: none may be read)]:DIR:_files -/' \
        '(--timeout)'--timeout='[how long each step may take\: reading the configuration, one image, one round of probes]:DURATION:()' \
        '(-h --help)'{-h,--help}'[display help for command]' \
        '*:IMAGE:()'
      ;;
    explain)
      _arguments -s -S \
        '(--in-namespace)'--in-namespace='[as if an object of this namespace ran the images\: its own policies and stores count too]:NS:()' \
        '(-o --output)'{-o+,--output=}'[how the answer is printed]:FORMAT:(text json yaml)' \
        '(--manifests)'--manifests='[judge by the YAML files of this directory, without a cluster]:DIR:_files -/' \
        '(--kubeconfig)'--kubeconfig='[judge by the objects of this cluster (default\: as kubectl finds it)]:FILE:_files' \
        '(--namespace)'--namespace='[where Secrets, ConfigMaps and ServiceAccounts are read]:NS:()' \
        '(--file-root)'--file-root='[files that objects name must lie below it (default\: none may be read)]:DIR:_files -/' \
        '(--timeout)'--timeout='[how long each step may take\: reading the configuration, one image, one round of probes]:DURATION:()' \
        '(-h --help)'{-h,--help}'[display help for command]' \
        '*:IMAGE:()'
      ;;
    check)
      _arguments -s -S \
        '(-o --output)'{-o+,--output=}'[how the answer is printed]:FORMAT:(table json yaml)' \
        '(--manifests)'--manifests='[judge by the YAML files of this directory, without a cluster]:DIR:_files -/' \
        '(--kubeconfig)'--kubeconfig='[judge by the objects of this cluster (default\: as kubectl finds it)]:FILE:_files' \
        '(--namespace)'--namespace='[where Secrets, ConfigMaps and ServiceAccounts are read]:NS:()' \
        '(--file-root)'--file-root='[files that objects name must lie below it (default\: none may be read)]:DIR:_files -/' \
        '(--timeout)'--timeout='[how long each step may take\: reading the configuration, one image, one round of probes]:DURATION:()' \
        '(-h --help)'{-h,--help}'[display help for command]'
      ;;
    get)
      _arguments -s -S \
        '(--in-namespace)'--in-namespace='[of a namespaced kind\: the objects of this namespace (default\: default)]:NS:()' \
        '(-A --all-namespaces)'{-A,--all-namespaces}'[of a namespaced kind\: the objects of every namespace]' \
        '(-o --output)'{-o+,--output=}'[how the answer is printed]:FORMAT:(table wide json yaml)' \
        '(--manifests)'--manifests='[judge by the YAML files of this directory, without a cluster]:DIR:_files -/' \
        '(--kubeconfig)'--kubeconfig='[judge by the objects of this cluster (default\: as kubectl finds it)]:FILE:_files' \
        '(--namespace)'--namespace='[where Secrets, ConfigMaps and ServiceAccounts are read]:NS:()' \
        '(--file-root)'--file-root='[files that objects name must lie below it (default\: none may be read)]:DIR:_files -/' \
        '(--timeout)'--timeout='[how long each step may take\: reading the configuration, one image, one round of probes]:DURATION:()' \
        '(-h --help)'{-h,--help}'[display help for command]' \
        '1:KIND:(stores namespacedstores authproviders namespacedauthproviders verifiers namespacedverifiers keyproviders namespacedkeyproviders policies namespacedpolicies)' \
        '2:NAME:()'
      ;;
    serve)
      _arguments -s -S \
        '(--health-port)'--health-port='[port of /healthz, /readyz and /metrics; 0\: none]:PORT:()' \
        '(--log-level)'--log-level='[what is logged\: this, and what is worse]:LEVEL:(debug info warn error)' \
        '*'--watch-image='[print this image'\''s verdict, and again whenever it changes (with --manifests; may be repeated)]:IMAGE:()' \
        '(--once)'--once'[end after the first full picture (with --manifests)]' \
        '(--apply-crds)'--apply-crds='[apply these CustomResourceDefinitions first (with a cluster)]:DIR:_files -/' \
        '(--manifests)'--manifests='[judge by the YAML files of this directory, without a cluster]:DIR:_files -/' \
        '(--kubeconfig)'--kubeconfig='[judge by the objects of this cluster (default\: as kubectl finds it)]:FILE:_files' \
        '(--namespace)'--namespace='[where Secrets, ConfigMaps and ServiceAccounts are read]:NS:()' \
        '(--file-root)'--file-root='[files that objects name must lie below it (default\: none may be read)]:DIR:_files -/' \
        '(-h --help)'{-h,--help}'[display help for command]'
      ;;
    completion)
      _arguments -s -S \
        '(-h --help)'{-h,--help}'[display help for command]' \
        '1:SHELL:(bash zsh fish)'
      ;;
    version)
      _arguments -s -S \
        '(-o --output)'{-o+,--output=}'[how the answer is printed]:FORMAT:(text json yaml)' \
        '(-h --help)'{-h,--help}'[display help for command]'
      ;;
    help)
      _arguments -s -S \
        '1:COMMAND:(verify discover resolve diff explain check get serve completion version)'
      ;;
  esac
}
if [[ $funcstack[1] == _countersign ]]; then _countersign "$@"; else compdef _countersign countersign; fi
