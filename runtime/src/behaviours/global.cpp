#include <otp/global.h>

#include <expected>
#include <memory>

#include <otp/registry.h>

namespace otp::global {
namespace {

using Names = Registry<std::string>;

/// The registry of this node, started at its first use.
Names names() {
  static const Name name("global_name_server");
  return Names::ensure(name);
}

/// A key of that registry; who takes it starts the registry anew if it has ended.
class GlobalName final : public ViaName {
 public:
  explicit GlobalName(const std::string& name) : name_(name), key_(names().via(name)) {}
  std::expected<void, Pid> register_name() const override {
    return names().via(name_)->register_name();
  }
  Pid whereis_name() const override { return key_->whereis_name(); }
  bool equals(const ViaName& other) const noexcept override {
    const auto* const same = dynamic_cast<const GlobalName*>(&other);
    return same != nullptr && same->name_ == name_;
  }

 private:
  const std::string name_;
  const Via key_;
};

}  // namespace

Via via(const std::string& name) { return std::make_shared<GlobalName>(name); }
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
