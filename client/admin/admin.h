/* kehu-admin's commands as a program for cli_run(). */
#ifndef KEHU_ADMIN_H
#define KEHU_ADMIN_H

#include "client/cli/cli.h"

struct cli_program admin_program(void);

/* job.c */
enum err admin_demo(struct cli *cli);
enum err admin_job_list(struct cli *cli);
enum err admin_job_show(struct cli *cli);
enum err admin_job_cancel(struct cli *cli);
enum err admin_job_result(struct cli *cli);
/* shipped.c */
enum err admin_show_requests(struct cli *cli);
enum err admin_show_settings(struct cli *cli);
/* session.c */
enum err admin_session_list(struct cli *cli);
enum err admin_session_end(struct cli *cli);
/* outbox.c */
enum err admin_test_mail(struct cli *cli);
enum err admin_test_sms(struct cli *cli);
/* cert.c */
enum err admin_cert_init(struct cli *cli);
enum err admin_cert_issue(struct cli *cli);
enum err admin_cert_renew(struct cli *cli);

#endif
