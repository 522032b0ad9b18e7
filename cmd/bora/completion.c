// SPDX-License-Identifier: MIT
// completion.c: completions for shells, written from the tables of verbs and options.
#include "options.h"

#include <stdio.h>

static void print_name(const char *name, void *context)
{
    (void)context;
    printf(" %s", name);
}

static void print_verbs(void)
{
    for (const struct verb *const *v = verbs; *v; v++)
        printf("%s%s", v == verbs ? "" : " ", (*v)->name);
}

static void print_bash(void)
{
    printf("# bora completion bash: put this line into ~/.bashrc:\n"
           "#     eval \"$(bora completion bash)\"\n"
           "_bora() {\n"
           "    local word=\"${COMP_WORDS[COMP_CWORD]}\" choices=\"\"\n"
           "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
           "        choices=\"");
    print_verbs();
    printf(" help\"\n"
           "    else\n"
           "        case \"${COMP_WORDS[1]}\" in\n");
    for (const struct verb *const *v = verbs; *v; v++) {
        printf("        %s) choices=\"--help", (*v)->name);
        options_names(*v, print_name, NULL);
        printf("\" ;;\n");
    }
    printf("        esac\n"
           "        case \"$word\" in -*) ;; *) choices=\"\" ;; esac\n"
           "    fi\n"
           "    COMPREPLY=($(compgen -W \"$choices\" -- \"$word\"))\n"
           "    [ -n \"$choices\" ] || COMPREPLY=($(compgen -f -- \"$word\"))\n"
           "}\n"
           "complete -o filenames -F _bora bora ./bora\n");
}

static void print_zsh(void)
{
    printf("#compdef bora\n"
           "# bora completion zsh: put this line into ~/.zshrc, behind compinit:\n"
           "#     eval \"$(bora completion zsh)\"\n"
           "_bora() {\n"
           "    local -a choices\n"
           "    if (( CURRENT == 2 )); then\n"
           "        choices=(\n");
    for (const struct verb *const *v = verbs; *v; v++)
        printf("            '%s:%s'\n", (*v)->name, (*v)->summary);
    printf("        )\n"
           "        _describe verb choices\n"
           "        return\n"
           "    fi\n"
           "    case $words[2] in\n");
    for (const struct verb *const *v = verbs; *v; v++) {
        printf("        %s) choices=(--help", (*v)->name);
        options_names(*v, print_name, NULL);
        printf(") ;;\n");
    }
    printf("    esac\n"
           "    if [[ $PREFIX == -* ]]; then compadd -- $choices; else _files; fi\n"
           "}\n"
           "compdef _bora bora\n");
}

static int completion(struct options *options)
{
    const char *shell = options->paths.len == 1 ? options->paths.at[0] : "";
    if (strcmp(shell, "bash") == 0) {
        print_bash();
    } else if (strcmp(shell, "zsh") == 0) {
        print_zsh();
    } else {
        complain("completion: for which shell, bash or zsh?");
        return EXIT_USAGE;
    }
    return EXIT_OK;
}

const struct verb verb_completion = {
    .name = "completion",
    .arguments = "bash|zsh",
    .summary = "Print completions for a shell",
    .paths_max = 1,
    .run = completion,
    .text = "Example:  eval \"$(bora completion bash)\"\n",
};
