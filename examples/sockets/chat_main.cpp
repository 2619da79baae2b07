#include <otp/application.h>

#include "chat.otp.h"

int main(int argc, char** argv) {
  return otp::run_application(argc, argv, tls_chat::tls_chat_application());
}
