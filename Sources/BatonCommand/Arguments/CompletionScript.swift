import ArgumentParser

/// The scripts that teach the shells about `baton`.
enum CompletionScript {
  /// What ArgumentParser answers to `--generate-completion-script` and to requests for help, made
  /// fit for the colons in addresses.
  static func adapted(_ text: String) -> String {
    text == BatonTool.completionScript(for: .bash) ? text + "\n" + bashColons : text
  }

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

        [[ "${COMP_WORDBREAKS}" = *:* && "${word}" = *:* ]] || return 0
        local -r typed="${word%"${word##*:}"}"
        for index in "${!COMPREPLY[@]}"; do
            COMPREPLY[index]="${COMPREPLY[index]#"${typed}"}"
        done
    }

    complete -o filenames -F _baton_with_colons baton
    """#
}
