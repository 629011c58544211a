/*
 * 网点证书: registered by kehu-admin when it signs one, revoked here. What a certificate says is
 * signed and cannot be changed afterwards; its sessions end with it (session_on_certificate).
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "server/gate/gate.h"
#include "server/record/rule.h"

#include <string.h>

static enum err
certificate_before_save(struct call *call, struct record *certificate)
{
	const char *serial = record_text(certificate, F_certificate_name);
	static const uint32_t fixed[] = { F_certificate_name, F_certificate_branch_id,
		F_certificate_starts_at, F_certificate_ends_at };

	for (size_t i = 0; !certificate->is_new && i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (record_changed(certificate, fixed[i]))
			return CALL_FAIL(call, ERR_READ_ONLY, .field = fixed[i],
			    .text = call_say(call, "A certificate is not changed: revoke it and issue another",
				"证书不可修改，请吊销后重新签发"));
	if (strspn(serial, "0123456789abcdef") != strlen(serial))
		return CALL_FAIL(call, ERR_INVALID, .field = F_certificate_name);
	if (record_number(certificate, F_certificate_ends_at) <=
	    record_number(certificate, F_certificate_starts_at))
		return CALL_FAIL(call, ERR_INVALID, .field = F_certificate_ends_at);
	return ERR_OK;
}

static enum err
certificate_revoke(struct call *call, struct record *certificate, const struct value *arguments)
{
	(void)arguments;
	if (record_number(certificate, F_certificate_revoked_at) != 0)
		return CALL_FAIL(call, ERR_EMPTY, .entity = E_certificate,
		    .text = call_say(call, "This certificate is revoked already", "该证书已吊销"));
	record_set_number(certificate, F_certificate_revoked_at, date_now_us());
	return ERR_OK;
}

const struct rule rules_certificate[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = certificate_before_save },
	{ .action = "revoke", .act = certificate_revoke, .right = RIGHT_ACT },
	{ 0 },
};
