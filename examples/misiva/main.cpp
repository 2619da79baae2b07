#include <otp/application.h>

#include "campaign.otp.h"

int main(int argc, char** argv) {
  return otp::run_application(argc, argv, campaign::campaign_application());
}
