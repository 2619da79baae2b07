#include "tools/completion/completion.h"

#include <llvm/ADT/StringRef.h>

namespace otpc::tools {
namespace {

using Kind = Completed::Kind;

std::string flag(const CommandOption& option) {
  return (option.name.size() == 1 ? "-" : "--") + option.name;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

/// In single quotes, as all three shells read them; `escaped` get a backslash before them.
std::string quoted(llvm::StringRef text, llvm::StringRef escaped = "") {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'') {
      result += "'\\''";
      continue;
    }
    if (escaped.contains(c)) result += '\\';
    result += c;
  }
  return result + "'";
}

std::string bash_reply(const Completed& completed) {
  switch (completed.kind) {
    case Kind::nothing:
      return "COMPREPLY=()";
    case Kind::words:
      return "COMPREPLY=($(compgen -W " + quoted(joined(completed.words)) + " -- \"$current\"))";
    case Kind::schemas:
      return "COMPREPLY=($(compgen -d -- \"$current\"; compgen -f -X '!*.otp' -- \"$current\"))";
    case Kind::files:
      return "COMPREPLY=($(compgen -f -- \"$current\"))";
    case Kind::folders:
      return "COMPREPLY=($(compgen -d -- \"$current\"))";
  }
  return "";
}

std::string bash(const std::string& program, llvm::ArrayRef<Command> commands) {
  std::string values;
  std::string arguments;
  std::vector<std::string> first;
  for (const Command& command : commands) {
    std::vector<std::string> flags;
    for (const CommandOption& option : command.options) {
      flags.push_back(flag(option));
      if (option.takes_value) {
        values += "    " + quoted(command.name + " " + flag(option)) + ")\n      " +
                  bash_reply(option.value) + "\n      return ;;\n";
      }
    }
    if (command.name.empty()) {
      first.insert(first.end(), flags.begin(), flags.end());
      continue;
    }
    first.push_back(command.name);
    arguments += "    " + command.name + ")\n      if [[ $current == -* ]]; then\n        " +
                 bash_reply({Kind::words, flags}) + "\n      else\n        " +
                 bash_reply(command.argument) + "\n      fi ;;\n";
  }
  const std::string function = "_" + program;
  return "# eval \"$(" + program + " completion bash)\"\n" + function + "() {\n" +
         R"(  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
  # `--kind=calls` comes as three words.
  [[ $before == = && COMP_CWORD -ge 2 ]] && before=${COMP_WORDS[COMP_CWORD-2]}
  [[ $current == = ]] && current=
  if ((COMP_CWORD == 1)); then
    )" + bash_reply({Kind::words, first}) +
         "\n    return\n  fi\n  case \"${COMP_WORDS[1]} $before\" in\n" + values +
         "  esac\n  case ${COMP_WORDS[1]} in\n" + arguments +
         "  esac\n}\ncomplete -o filenames -F " + function + " " + program + "\n";
}

std::string zsh_action(const Completed& completed) {
  switch (completed.kind) {
    case Kind::nothing:
      return " ";
    case Kind::words:
      return "(" + joined(completed.words) + ")";
    case Kind::schemas:
      return "_files -g \"*.otp\"";
    case Kind::files:
      return "_files";
    case Kind::folders:
      return "_files -/";
  }
  return "";
}

/// `--name=[help]:name:action`
std::string zsh_option(const CommandOption& option) {
  std::string text = quoted(flag(option));
  text.pop_back();
  if (option.takes_value) text += option.name.size() == 1 ? "+" : "=";
  text += "[" + quoted(option.help, "[]:\\").substr(1);
  text.pop_back();
  text += "]";
  if (option.takes_value) text += ":" + option.name + ":" + zsh_action(option.value);
  return text + "'";
}

std::string zsh(const std::string& program, llvm::ArrayRef<Command> commands) {
  std::string names;
  std::string global;
  std::string cases;
  for (const Command& command : commands) {
    std::string options;
    for (const CommandOption& option : command.options)
      options += " \\\n        " + zsh_option(option);
    if (command.name.empty()) {
      global = options;
      continue;
    }
    names += "    " + quoted(command.name + ":" + command.help) + "\n";
    cases += "    " + command.name + ")\n      _arguments" + options;
    if (command.argument.kind != Kind::nothing)
      cases += " \\\n        '*:argument:" + zsh_action(command.argument) + "'";
    cases += " ;;\n";
  }
  const std::string function = "_" + program;
  return "#compdef " + program + "\n# eval \"$(" + program + " completion zsh)\"\n" + function +
         "() {\n  local -a commands\n  commands=(\n" + names +
         "  )\n  if ((CURRENT == 2)); then\n    _describe command commands\n    _arguments" +
         global + "\n    return\n  fi\n  shift words\n  ((CURRENT--))\n  case $words[1] in\n" +
         cases + "  esac\n}\ncompdef " + function + " " + program + "\n";
}

std::string fish_values(const Completed& completed) {
  switch (completed.kind) {
    case Kind::nothing:
      return " -f";
    case Kind::words:
      return " -f -a " + quoted(joined(completed.words), "\\");
    case Kind::schemas:
      return " -k -f -a '(__fish_complete_suffix .otp)'";
    case Kind::files:
      return " -F";
    case Kind::folders:
      return " -f -a '(__fish_complete_directories)'";
  }
  return "";
}

std::string fish(const std::string& program, llvm::ArrayRef<Command> commands) {
  std::string text = "# " + program + " completion fish | source\n";
  for (const Command& command : commands) {
    const std::string line =
        "complete -c " + program + " -n '" +
        (command.name.empty() ? "__fish_use_subcommand"
                              : "__fish_seen_subcommand_from " + command.name) +
        "'";
    if (!command.name.empty()) {
      text += "complete -c " + program + " -n '__fish_use_subcommand' -f -a " + command.name +
              " -d " + quoted(command.help) + "\n";
      text += line + fish_values(command.argument) + "\n";
    }
    for (const CommandOption& option : command.options) {
      text += line + (option.name.size() == 1 ? " -s " : " -l ") + option.name;
      if (option.takes_value) text += " -r" + fish_values(option.value);
      text += " -d " + quoted(option.help) + "\n";
    }
  }
  return text;
}

}  // namespace

std::string completion(Shell shell, const std::string& program, llvm::ArrayRef<Command> commands) {
  switch (shell) {
    case Shell::bash:
      return bash(program, commands);
    case Shell::zsh:
      return zsh(program, commands);
    case Shell::fish:
      return fish(program, commands);
  }
  return "";
}

}  // namespace otpc::tools
