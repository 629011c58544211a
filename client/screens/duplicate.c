/* See duplicate.h. The pair is merged on the screen of merge.h, as any two records are. */
#include "client/screens/duplicate.h"

#include "client/screens/ask.h"
#include "client/screens/jobs.h"

#include <string.h>

bool
duplicate_pair(const struct app *app, const Kehu__Record *record, uint32_t *entity, int64_t ids[2])
{
	static const char *const names[2] = { "first_id", "second_id" };
	const Kehu__Entity *pairs = app_entity(app, "duplicate");

	if (pairs == NULL || record->entity != pairs->number)
		return false;
	for (size_t side = 0; side < 2; side++) {
		const Kehu__Field *field = cat_field_called(pairs, names[side]);
		const Kehu__Value *value = field != NULL ? cat_value(record, field->number) : NULL;

		if (value == NULL || !value->has_number)
			return false;
		*entity = field->references;
		ids[side] = value->number;
	}
	return true;
}

bool
duplicate_can_scan(const struct app *app)
{
	const Kehu__Entity *customer = app_entity(app, "customer");

	return customer != NULL && (customer->actions_allowed & CAT_APPROVE) != 0 && app_entity(app, "duplicate") != NULL;
}

static void
duplicate_on_started(void *context, const Kehu__ServerFrame *answer)
{
	struct app *app = context;

	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_JOB)
		jobs_open(app, 0, NULL);
	else
		ask_say_error(app, answer, 0);
}

void
duplicate_scan(struct app *app)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Job job = KEHU__JOB__INIT;

	job.has_step = true;
	job.step = 1;
	job.kind = ask_text("duplicates");
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_JOB;
	frame.job = &job;
	ask_send(app, &frame, 0, duplicate_on_started, app);
}
