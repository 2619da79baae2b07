#include "names.h"

#include <dlfcn.h>
#include <netdb.h>
#include <sys/socket.h>

#include <cstring>
#include <initializer_list>

namespace {

using Ask = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

Ask systems_own() {
  static const Ask found = reinterpret_cast<Ask>(dlsym(RTLD_NEXT, "getaddrinfo"));
  return found;
}

/// The system's freeaddrinfo frees a list whatever it was joined from.
int ask_in_turn(const char* service, const addrinfo& hints, addrinfo** answer) {
  for (const char* each : {"::2", "::1", "127.0.0.1"}) {
    if (const int error = systems_own()(each, service, &hints, answer)) return error;
    if (std::strcmp(each, "::2") == 0) (*answer)->ai_addr->sa_family = AF_APPLETALK;
    while (*answer != nullptr) answer = &(*answer)->ai_next;
  }
  return 0;
}

}  // namespace

extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints,
                           addrinfo** answer) {
  const bool literal = hints != nullptr && (hints->ai_flags & AI_NUMERICHOST) != 0;
  if (host == nullptr || literal || std::strcmp(host, otp::several_families) != 0)
    return systems_own()(host, service, hints, answer);
  return ask_in_turn(service, *hints, answer);
}
