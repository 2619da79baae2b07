#include <otp/global.h>

#include <otp/registry.h>

namespace otp::global {
namespace {

using Names = Registry<std::string>;

/// The registry of this node, started at its first use.
Names names() {
  static const Name name("global_name_server");
  return Names::ensure(name);
}

}  // namespace

Via via(const std::string& name) { return names().via(name); }
bool register_name(const std::string& name, Pid pid) {
  return names().add_for(pid, name).has_value();
}
void unregister_name(const std::string& name) { names().remove_all(name); }
std::optional<Pid> whereis_name(const std::string& name) { return names().whereis(name); }
std::vector<std::string> registered_names() {
  std::vector<std::string> all;
  for (const auto& [name, entry] :
       names().select([](const std::string&, Pid, const NoValue&) { return true; }))
    all.push_back(name);
  return all;
}

}  // namespace otp::global
