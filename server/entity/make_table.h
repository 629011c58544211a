/* Included once per .def (no guard): its const table of fields, then the entity itself. */
#define MAKE_CAT2(a, b) a##b
#define MAKE_NAME(a, b) MAKE_CAT2(a, b)
#define TABS(...) (const struct tab[]){ __VA_ARGS__, { 0 } }
#define ACTIONS(...) (const struct action[]){ __VA_ARGS__, { 0 } }
#define ARGS(...) (const struct field[]){ __VA_ARGS__, { 0 } }
/* What any record may have beside it. */
#define COMMENTS  { "comment", "anchor_id", "评论", "Comments", "created_at author_id text" }
#define APPROVALS { "approval", "anchor_id", "审批", "Approvals", "created_at title state waiting_for owner_id" }
#define FILES     { "attachment", "anchor_id", "文件", "Files", "name bytes created_at given_out" }
/* The actions of a record that people talk about and hear of: server/record/message.c does them. */
#define TALKING                                                                                \
	{ "comment", "评论", "Comment", .arguments = ARGS(                                      \
	    { 1, "comment", TYPE_BLOCK, "内容 (@姓名 通知)", "Text (@name tells)",              \
		FIELD_REQUIRED, .max_chars = 2000 }) },                                             \
	{ "follow", "关注", "Follow" },                                                         \
	{ "unfollow", "取消关注", "Stop following" }
/* The actions of an entity whose records are shared one by one: server/record/share.c does them. */
#define SHARING                                                                                \
	{ "share", "共享", "Share", .arguments = ARGS(                                          \
	    { 1, "user", TYPE_REF, "用户", "User", FIELD_REQUIRED, .ref = "user" },             \
	    { 2, "write", TYPE_BOOL, "可修改", "May change" }) },                              \
	{ "unshare", "取消共享", "Stop sharing", .arguments = ARGS(                             \
	    { 1, "user", TYPE_REF, "用户", "User", FIELD_REQUIRED, .ref = "user" }) }

#define ENTITY(...)
#define F(n_, c_, t_, zh_, ...) /* the English label comes first of the rest */ \
	{ .number = n_, .name = #c_, .type = TYPE_##t_, .zh = zh_, .en = __VA_ARGS__ },
static const struct field MAKE_NAME(fields_, E_NAME)[] = {
#include E_FILE
	{ 0 }
};
#undef ENTITY
#undef F

#define F(...)
#define ENTITY(n_, c_, zh_, ...) \
	{ .number = n_, .name = #c_, .fields = MAKE_NAME(fields_, E_NAME), .zh = zh_, \
		.en = __VA_ARGS__ }
static const struct entity MAKE_NAME(entity_, E_NAME) =
#include E_FILE
    ;
#undef ENTITY
#undef F
#undef TABS
#undef ACTIONS
#undef ARGS
#undef COMMENTS
#undef APPROVALS
#undef FILES
#undef TALKING
#undef SHARING
#undef MAKE_CAT2
#undef MAKE_NAME
#undef E_NAME
#undef E_FILE
