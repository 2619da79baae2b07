#include "syntax/member_words.h"

#include <antlr4-runtime.h>
#include "OtpLexer.h"

namespace otpc::syntax {
namespace {

using grammar::OtpLexer;

constexpr std::size_t server_words[] = {
    OtpLexer::USES,      OtpLexer::INIT,      OtpLexer::STATE,     OtpLexer::MAILBOX,
    OtpLexer::HIBERNATE, OtpLexer::CALL,      OtpLexer::CAST,      OtpLexer::INFO,
    OtpLexer::CONTINUE,  OtpLexer::TERMINATE, OtpLexer::TRAP_EXIT, OtpLexer::UPGRADE};
constexpr std::size_t statem_words[] = {
    OtpLexer::USES,      OtpLexer::INIT,      OtpLexer::DATA,    OtpLexer::FINAL,
    OtpLexer::STATE,     OtpLexer::ANY,       OtpLexer::MAILBOX, OtpLexer::HIBERNATE,
    OtpLexer::TERMINATE, OtpLexer::TRAP_EXIT, OtpLexer::UPGRADE};
constexpr std::size_t state_words[] = {
    OtpLexer::ON,   OtpLexer::STATE_TIMEOUT, OtpLexer::TIMEOUT, OtpLexer::POSTPONE,
    OtpLexer::CALL, OtpLexer::CAST,          OtpLexer::INFO,    OtpLexer::CONTINUE};
constexpr std::size_t protocol_words[] = {OtpLexer::CALL, OtpLexer::CAST, OtpLexer::INFO,
                                          OtpLexer::CONTINUE};
constexpr std::size_t events_words[] = {OtpLexer::EVENT};
constexpr std::size_t handler_words[] = {
    OtpLexer::INIT, OtpLexer::ON,       OtpLexer::CALL,      OtpLexer::CAST,
    OtpLexer::INFO, OtpLexer::CONTINUE, OtpLexer::TERMINATE, OtpLexer::TRAP_EXIT};
constexpr std::size_t registry_words[] = {OtpLexer::UNIQUE, OtpLexer::DUPLICATE, OtpLexer::KEY,
                                          OtpLexer::NAMES, OtpLexer::PARTITIONS};
constexpr std::size_t supervisor_words[] = {OtpLexer::STRATEGY,      OtpLexer::INTENSITY,
                                            OtpLexer::AUTO_SHUTDOWN, OtpLexer::MAX_CHILDREN,
                                            OtpLexer::BACKOFF,       OtpLexer::CHILD};
constexpr std::size_t application_words[] = {OtpLexer::ENV, OtpLexer::DEPENDS, OtpLexer::START,
                                             OtpLexer::START_PHASES};

}  // namespace

bool is_word(std::size_t type) {
  return type == OtpLexer::IDENTIFIER ||
         (type >= OtpLexer::MODULE && type <= OtpLexer::START_PHASES);
}

bool is_ending(std::size_t type) {
  return type == OtpLexer::SEMI || type == OtpLexer::LBRACE || type == OtpLexer::RBRACE;
}

std::span<const std::size_t> member_words(std::size_t declaration) {
  switch (declaration) {
    case OtpLexer::PROTOCOL:
      return protocol_words;
    case OtpLexer::SERVER:
      return server_words;
    case OtpLexer::STATEM:
      return statem_words;
    case OtpLexer::EVENTS:
      return events_words;
    case OtpLexer::HANDLER:
      return handler_words;
    case OtpLexer::REGISTRY:
      return registry_words;
    case OtpLexer::DYNAMIC:
    case OtpLexer::PARTITION:
    case OtpLexer::SUPERVISOR:
      return supervisor_words;
    case OtpLexer::APPLICATION:
      return application_words;
    default:
      return {};
  }
}

bool begins_members(std::size_t type) {
  switch (type) {
    case OtpLexer::USES:
    case OtpLexer::INIT:
    case OtpLexer::STATE:
    case OtpLexer::MAILBOX:
    case OtpLexer::HIBERNATE:
    case OtpLexer::CALL:
    case OtpLexer::CAST:
    case OtpLexer::INFO:
    case OtpLexer::CONTINUE:
    case OtpLexer::TERMINATE:
    case OtpLexer::TRAP_EXIT:
    case OtpLexer::UPGRADE:
    case OtpLexer::DATA:
    case OtpLexer::ON:
    case OtpLexer::STATE_TIMEOUT:
    case OtpLexer::POSTPONE:
    case OtpLexer::FINAL:
    case OtpLexer::ANY:
    case OtpLexer::EVENT:
    case OtpLexer::UNIQUE:
    case OtpLexer::DUPLICATE:
    case OtpLexer::KEY:
    case OtpLexer::NAMES:
    case OtpLexer::STRATEGY:
    case OtpLexer::INTENSITY:
    case OtpLexer::AUTO_SHUTDOWN:
    case OtpLexer::CHILD:
    case OtpLexer::MAX_CHILDREN:
    case OtpLexer::BACKOFF:
    case OtpLexer::ENV:
    case OtpLexer::DEPENDS:
    case OtpLexer::START:
    case OtpLexer::START_PHASES:
      return true;
    default:
      return false;
  }
}

std::span<const std::size_t> clause_words() { return state_words; }

bool fits_behind(std::size_t word, std::size_t next, bool server) {
  switch (word) {
    case OtpLexer::INIT:
      return next == OtpLexer::LPAREN;
    case OtpLexer::DATA:
    case OtpLexer::ANY:
    case OtpLexer::ENV:
      return next == OtpLexer::LBRACE;
    case OtpLexer::STATE:
      return server ? next == OtpLexer::LBRACE : is_word(next);
    case OtpLexer::TERMINATE:
    case OtpLexer::TRAP_EXIT:
    case OtpLexer::UNIQUE:
    case OtpLexer::DUPLICATE:
      return next == OtpLexer::SEMI;
    case OtpLexer::HIBERNATE:
      return next == OtpLexer::SEMI || next == OtpLexer::AFTER;
    case OtpLexer::KEY:
      return next == OtpLexer::LPAREN || is_word(next);
    case OtpLexer::STATE_TIMEOUT:
    case OtpLexer::INTENSITY:
    case OtpLexer::MAX_CHILDREN:
    case OtpLexer::BACKOFF:
    case OtpLexer::PARTITIONS:
      return next == OtpLexer::INTEGER || next == OtpLexer::DURATION || is_word(next);
    case OtpLexer::START_PHASES:
      return next == OtpLexer::LBRACKET;
    default:
      return is_word(next);
  }
}

}  // namespace otpc::syntax
