#include "server/job/export.h"
enum err handle_export(struct call *call) { return CALL_FAIL(call, ERR_FORBIDDEN); }
