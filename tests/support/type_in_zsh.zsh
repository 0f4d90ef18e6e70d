# Types each argument into an interactive zsh on a terminal of its own, then Tab, and prints what the line is then.
zmodload zsh/zpty
zpty shell zsh -f -i
await() {
    zpty -r shell REPLY "*$1*" || exit 1
}
await_line() {
    await '>END'
    REPLY=${REPLY%>END*}
    print -r -- "${REPLY##*<}"
}
keys() {
    zpty -w -n shell "$1"
}
keys $'TERM=dumb; stty -echo cols 200; autoload -U compinit && compinit -u -D; source <(dcsctl completion zsh)\n'
keys $'show() { print -r -- "<$BUFFER>END"; BUFFER= }; zle -N show; bindkey "^X" show; echo re""ady\n'
await ready
for line; do
    keys $line$'\t\x18'
    await_line
done
zpty -d shell
