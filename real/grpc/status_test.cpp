#include "real/grpc/status.hpp"

#include <gtest/gtest.h>

namespace real::grpc {
namespace {

using engine::Code;
using engine::Error;

TEST(StatusTest, EveryReasonHasUpstreamsStatus) {
    const auto code = [](Code reason) { return status_of(Error{reason, "a call"}).code; };
    EXPECT_EQ(code(Code::not_found), StatusCode::internal);
    EXPECT_EQ(code(Code::not_ready), StatusCode::unavailable);
    EXPECT_EQ(code(Code::unavailable), StatusCode::unavailable);
    EXPECT_EQ(code(Code::unknown), StatusCode::internal);
    EXPECT_EQ(code(Code::invalid_argument), StatusCode::invalid_argument);
    EXPECT_EQ(code(Code::failed_precondition), StatusCode::failed_precondition);
    EXPECT_EQ(code(Code::permission_denied), StatusCode::permission_denied);
    EXPECT_EQ(code(Code::conflict), StatusCode::internal);
    EXPECT_EQ(code(Code::lost), StatusCode::failed_precondition);
    EXPECT_EQ(code(Code::retired), StatusCode::internal);
    EXPECT_EQ(code(Code::decommissioned), StatusCode::failed_precondition);
    EXPECT_EQ(code(Code::disk_full), StatusCode::internal);
    EXPECT_EQ(code(Code::internal), StatusCode::internal);
    EXPECT_EQ(status_of(Error{Code::lost, "a call"}).text, "a call: lost");
    EXPECT_EQ(status_of(Error{Code::lost, "a call"}).reason, Code::lost);
}

// Without the server's word, what was sent and not answered may have happened; what never left has not.
TEST(StatusTest, SilenceIsUnknownOnlyAfterSending) {
    for (const StatusCode code : {StatusCode::unavailable, StatusCode::deadline_exceeded,
                                  StatusCode::cancelled, StatusCode::unknown, StatusCode::data_loss}) {
        EXPECT_EQ(reason_of(code, true), Code::unknown) << name(code);
        EXPECT_EQ(reason_of(code, false), Code::unavailable) << name(code);
    }
    for (const bool sent : {false, true}) {
        EXPECT_EQ(reason_of(StatusCode::internal, sent), Code::internal);
        EXPECT_EQ(reason_of(StatusCode::invalid_argument, sent), Code::invalid_argument);
        EXPECT_EQ(reason_of(StatusCode::resource_exhausted, sent), Code::invalid_argument);
        EXPECT_EQ(reason_of(StatusCode::unimplemented, sent), Code::invalid_argument);
        EXPECT_EQ(reason_of(StatusCode::permission_denied, sent), Code::permission_denied);
        EXPECT_EQ(reason_of(StatusCode::unauthenticated, sent), Code::permission_denied);
        EXPECT_EQ(reason_of(StatusCode::failed_precondition, sent), Code::failed_precondition);
        EXPECT_EQ(reason_of(StatusCode::not_found, sent), Code::not_found);
        EXPECT_EQ(reason_of(StatusCode::already_exists, sent), Code::conflict);
    }
}

TEST(StatusTest, NamesOfReasonsComeBack) {
    for (int i = 0; i <= static_cast<int>(Code::internal); ++i)
        EXPECT_EQ(reason_from_name(engine::name(static_cast<Code>(i))), static_cast<Code>(i));
    EXPECT_FALSE(reason_from_name("?"));
    EXPECT_FALSE(reason_from_name(""));
    EXPECT_STREQ(name(StatusCode::unauthenticated), "UNAUTHENTICATED");
    EXPECT_STREQ(name(StatusCode::resource_exhausted), "RESOURCE_EXHAUSTED");
}

} // namespace
} // namespace real::grpc
