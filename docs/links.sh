#!/usr/bin/env bash
# Looks whether every link of the built book leads somewhere, and mends those
# that leave the book for a file of the repository.
#
#   docs/links.sh BOOK                a book that is read in its repository
#   docs/links.sh BOOK REPOSITORY     one that is read elsewhere: such links
#                                     lead to that address, branch main
#
# mdBook takes each relative link to a .md file for one to a page of its own.

set -eu -o pipefail

book=$1
repository=${2:-}
wrong=0

print_error() {
    echo "make docs: $1: the link to $2 leads nowhere" >&2
    wrong=1
}

# The links of a page, each once, without those to other hosts and into itself.
links_of() {
    grep -oE ' (href|src)="[^"#][^":]*"' "$1" | cut -d '"' -f 2 | sort -u
}

# What stands between a page and the top of the repository, which is two above
# the book: ../ for each directory.
up_from() {
    local below=${1#"$book"/} up=../../
    while [[ $below == */* ]]; do
        below=${below#*/}
        up+=../
    done
    echo "$up"
}

for page in $(find "$book" -name '*.html' ! -name 404.html | sort); do
    directory=${page%/*}
    up=$(up_from "$page")
    text=$(<"$page")
    before=$text
    for link in $(links_of "$page"); do
        path=${link%%#*}
        anchor=${link#"$path"}
        if [[ $path != "$up"* ]]; then
            if [ ! -e "$directory/$path" ]; then
                print_error "$page" "$link"
            elif [ -n "$anchor" ] &&
                ! grep -qF "id=\"${anchor#'#'}\"" "$directory/$path"; then
                print_error "$page" "$link"
            fi
            continue
        fi
        file=$directory/$path
        if [ ! -e "$file" ]; then
            path=${path%.html}.md
            file=$directory/$path
        fi
        kind=blob
        [ ! -d "$file" ] || kind=tree
        [ -e "$file" ] || print_error "$page" "$link"
        to=$path
        [ -z "$repository" ] || to=$repository/$kind/main/${path#"$up"}
        text=${text//"\"$link\""/"\"$to$anchor\""}
    done
    [ "$text" = "$before" ] || printf '%s\n' "$text" >"$page"
done

exit "$wrong"
