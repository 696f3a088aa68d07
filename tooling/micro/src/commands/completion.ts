import { textOf } from "../arguments.ts";
import type { CommandArguments, CommandContext } from "../context.ts";
import { EXIT_CODES } from "../exit-codes.ts";

/** A line of the answer is `word` or `word<tab>description`. The last argument is the word that is being typed. */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `# completion of micro for bash: source <(micro completion bash)
_micro_complete() {
  # The shell has taken words apart at '=' and ':'.
  local words=() word glue=
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD}"; do
    if [[ -n $glue || $word == = || $word == : ]] && ((\${#words[@]})); then
      words[\${#words[@]}-1]+=$word
      if [[ $word == = || $word == : ]]; then glue=1; else glue=; fi
    else
      words+=("$word")
    fi
  done
  local IFS=$'\\n'
  COMPREPLY=($(micro --complete "\${words[@]}" 2>/dev/null | cut -f1))
  if ((\${#COMPREPLY[@]} == 0)); then compopt -o default; fi
}
complete -F _micro_complete micro`,
  zsh: `#compdef micro
# completion of micro for zsh: source <(micro completion zsh)
_micro_complete() {
  local -a answers
  local word about
  while IFS=$'\\t' read -r word about; do
    answers+=("\${word//:/\\\\:}\${about:+:$about}")
  done < <(micro --complete "\${words[@]:1:$((CURRENT - 1))}" 2>/dev/null)
  if (( \${#answers} )); then _describe 'micro' answers; else _files; fi
}
compdef _micro_complete micro`,
  fish: `# completion of micro for fish: micro completion fish | source
complete -c micro -f -a '(micro --complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'`,
};

/** `micro completion bash|zsh|fish`. */
export async function completion({ output }: CommandContext, args: CommandArguments): Promise<number> {
  await output.print(SCRIPTS[textOf(args, "shell")] ?? "");
  return EXIT_CODES.ok;
}
