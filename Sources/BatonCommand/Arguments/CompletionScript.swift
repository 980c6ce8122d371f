import ArgumentParser

/// The scripts that teach the shells about `baton`.
enum CompletionScript {
  /// What ArgumentParser answers to `--generate-completion-script` and to requests for help, made
  /// fit for the colons in addresses.
  static func adapted(_ text: String) -> String {
    if text == BatonTool.completionScript(for: .bash) { return text + "\n" + bashColons }
    if text == BatonTool.completionScript(for: .zsh) {
      return text.replacing(zshOffer, with: zshSchemes)
    }
    return text
  }

  /// How the script of zsh offers what may stand somewhere.
  private static let zshOffer = "_describe -V '' non_empty_completions --"

  /// Behind a scheme the address goes on: there zsh puts no space.
  private static let zshSchemes = #"""
    local -ar schemes=("${(@M)non_empty_completions:#(unix|exec|fd)\\:}")
        local -ar others=("${(@)non_empty_completions:|schemes}")
        _describe -V '' schemes -S '' -- others --
    """#

  private static let bashColons = #"""
    # bash takes the colons of addresses for ends of words. Here such words are put together again, and
    # of what completes them only the part behind the last colon is handed back.
    _baton_with_colons() {
        local -a words=()
        local -i index cursor=0
        local rest="${COMP_LINE}" word
        for index in "${!COMP_WORDS[@]}"; do
            word="${COMP_WORDS[index]}"
            if [[ "${index}" -gt 0 && -n "${rest}" && "${rest}" != [[:space:]]* ]]; then
                words[${#words[@]} - 1]+="${word}"
            else
                words+=("${word}")
            fi
            rest="${rest#*"${word}"}"
            [[ "${index}" -eq "${COMP_CWORD}" ]] && cursor="${#words[@]}-1"
        done

        local -a COMP_WORDS=("${words[@]}")
        local -i COMP_CWORD="${cursor}"
        word="${words[cursor]}"
        _baton "${1}" "${word}" "${words[cursor > 0 ? cursor - 1 : 0]}"

        local typed=
        local -i has_addresses=0
        [[ "${COMP_WORDBREAKS}" = *:* ]] && typed="${word%"${word##*:}"}"
        for index in "${!COMPREPLY[@]}"; do
            word="${COMPREPLY[index]#"${typed}"}"
            if [[ "${COMPREPLY[index]}" = @(unix|exec|fd):* ]]; then
                has_addresses=1
                printf -v word %q "${word}"
                [[ "${word}" = "''" ]] && word=
            fi
            COMPREPLY[index]="${word}"
            # What is typed in full already is no choice beside what is longer.
            [[ -n "${word}" ]] || unset "COMPREPLY[index]"
        done

        # readline would quote colons and @, and put a space behind a scheme.
        [[ "${has_addresses}" -eq 0 ]] || compopt +o filenames
        [[ "${COMPREPLY[*]}" != @(unix|exec|fd): ]] || compopt -o nospace
    }

    complete -o filenames -F _baton_with_colons baton
    """#
}
