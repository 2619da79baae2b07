#include "lower/beam_names.h"

#include <llvm/ADT/STLExtras.h>
#include <llvm/ADT/StringExtras.h>
#include <llvm/ADT/StringSet.h>

#include "lower/names.h"

namespace otpc::lower {
namespace {

/// Reserved words of both languages, what no function of Elixir may be called, and what defines
/// one.
constexpr const char* words = R"(
after alias and andalso band begin bnot bor bsl bsr bxor case catch cond def defmodule div do else
end false fn for fun if import in let maybe nil not of or orelse quote receive rem require rescue
super true try unquote unquote_splicing when with xor
)";

/// Types of both languages that cannot be defined anew.
constexpr const char* types = R"(
any arity as_boolean atom binary bitstring bool boolean byte char char_list charlist dynamic float
fun function identifier integer iodata iolist keyword list map maybe_improper_list mfa module
neg_integer nil no_return node non_neg_integer none nonempty_atom nonempty_binary
nonempty_bitstring nonempty_charlist nonempty_improper_list nonempty_list
nonempty_maybe_improper_list nonempty_string number pid port pos_integer record reference string
struct term timeout tuple
)";

/// What a running node has loaded, or would: kernel, stdlib and the emulator's own.
constexpr const char* erlang_modules = R"(
application application_controller application_master application_starter argparse array atomics
auth base64 beam_lib binary c calendar code code_server compile counters dets dets_server dets_sup
dets_utils dets_v9 dict digraph digraph_utils disk_log disk_log_1 disk_log_server disk_log_sup
dist_ac dist_util edlin edlin_context edlin_expand edlin_key edlin_type_suggestion epp
erl_abstract_code erl_anno erl_bits erl_boot_server erl_compile erl_compile_server erl_ddll
erl_distribution erl_epmd erl_error erl_erts_errors erl_eval erl_expand_records erl_features
erl_init erl_internal erl_kernel_errors erl_lint erl_parse erl_posix_msg erl_pp erl_prim_loader
erl_reply erl_scan erl_signal_handler erl_stdlib_errors erl_tar erl_tracer erlang erpc
error_handler error_logger error_logger_file_h error_logger_tty_h erts_code_purger erts_debug
erts_dirty_process_signal_handler erts_internal erts_literal_area_collector erts_trace_cleaner
escript ets eval_bits file file_io_server file_server file_sorter filelib filename gb_sets
gb_trees gen gen_event gen_fsm gen_sctp gen_server gen_statem gen_tcp gen_tcp_socket gen_udp
gen_udp_socket global global_group global_search graph group group_history heart inet inet6_sctp
inet6_tcp inet6_tcp_dist inet6_udp inet_config inet_db inet_dns inet_gethost_native inet_hosts
inet_parse inet_res inet_sctp inet_tcp inet_tcp_dist inet_udp init io io_ansi io_lib io_lib_format
io_lib_fread io_lib_pretty json kernel kernel_config kernel_refc lists local_tcp local_udp
log_mf_h logger logger_backend logger_config logger_disk_log_h logger_filters logger_formatter
logger_h_common logger_handler_watcher logger_olp logger_proxy logger_server logger_simple_h
logger_std_h logger_sup maps math ms_transform net net_adm net_kernel orddict ordsets os
otp_internal peer persistent_term pg pg2 pool prim_buffer prim_eval prim_file prim_inet prim_net
prim_socket prim_tty prim_zip proc_lib proplists qlc qlc_pt queue ram_file rand random raw_file_io
raw_file_io_compressed raw_file_io_deflate raw_file_io_delayed raw_file_io_inflate
raw_file_io_list re records rpc seq_trace sets shell shell_default shell_docs shell_docs_markdown
shell_docs_test slave socket socket_registry sofs standard_error string supervisor
supervisor_bridge sys timer unicode unicode_util uri_string user user_drv user_sup win32reg
wrap_log_reader zip zlib
)";

constexpr const char* elixir_modules = R"(
Access Agent Application ArgumentError ArithmeticError Atom BadArityError BadBooleanError
BadFunctionError BadMapError BadStructError Base Behaviour Bitwise Calendar CaseClauseError Code
Collectable CompileError CondClauseError Config Date DateTime Dict Duration DynamicSupervisor EEx
Elixir Enum Enumerable ErlangError ExUnit Exception File Float Function FunctionClauseError
GenEvent GenServer HashDict HashSet IEx IO Inspect Integer JSON Kernel KeyError Keyword List
Logger Macro Map MapSet MatchError Mix Module NaiveDateTime Node OptionParser PartitionSupervisor
Path Port Process Protocol Range Record Regex Registry RuntimeError Set Stream String StringIO
Supervisor SyntaxError System SystemLimitError Task Time TokenMissingError TryClauseError Tuple
URI UndefinedFunctionError UnicodeConversionError Version WithClauseError
)";

llvm::StringSet<> set_of(llvm::StringRef text) {
  llvm::SmallVector<llvm::StringRef> all;
  llvm::SplitString(text, all);
  llvm::StringSet<> result;
  result.insert_range(all);
  return result;
}

/// A word begins at an upper-case letter behind a lower-case one, and at the last of several
/// upper-case ones: `HTTPServer` is `http_server`.
std::string snake_case(const std::string& name) {
  std::string text;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool upper = llvm::isUpper(name[i]);
    const bool behind_lower = i > 0 && (llvm::isLower(name[i - 1]) || llvm::isDigit(name[i - 1]));
    const bool last_upper =
        i > 0 && llvm::isUpper(name[i - 1]) && i + 1 < name.size() && llvm::isLower(name[i + 1]);
    if (upper && (behind_lower || last_upper)) text += '_';
    text += llvm::toLower(name[i]);
  }
  return text;
}

/// Neither language begins such a name with an underscore or a digit.
std::string begun(std::string name, const char* prefix) {
  name.erase(0, name.find_first_not_of('_'));
  return name.empty() || llvm::isDigit(name.front()) ? prefix + name : name;
}

}  // namespace

std::string beam_name(const std::string& name, BeamPlace place) {
  const std::string snake = begun(snake_case(name), "x");
  static const llvm::StringSet<> taken_words = set_of(words);
  static const llvm::StringSet<> taken_types = set_of(types);
  const bool taken =
      taken_words.contains(snake) || (place == BeamPlace::type && taken_types.contains(snake));
  return taken ? snake + "_" : snake;
}

std::string beam_pascal(const std::string& name) { return begun(pascal_case(name), "X"); }

bool is_word(const std::string& name) {
  return !name.empty() && !llvm::isDigit(name.front()) &&
         llvm::all_of(name, [](char c) { return llvm::isAlnum(c) || c == '_'; });
}

bool is_erlang_module(const std::string& name) {
  static const llvm::StringSet<> set = set_of(erlang_modules);
  return set.contains(name);
}
bool is_elixir_module(const std::string& first_part) {
  static const llvm::StringSet<> set = set_of(elixir_modules);
  return set.contains(first_part);
}

}  // namespace otpc::lower
