/* The call stack of a site in the report's text: see report.h.  No lock. */
#include "report.h"

#define LABEL "  %-11s" /* as in report_text.c */

typedef unsigned long long ull;

static void write_frame(const struct sink *out, const struct report *report, const struct frame *frame)
{
    char function[512];
    uint64_t offset;
    const char *module = report_module(frame);
    if (report_function(report, frame, function, sizeof function, &offset)) {
        sink_clean(out, module[0] ? module : "?", 60);
        sink_printf(out, "+0x%llx\n", (ull)frame->offset);
        return;
    }
    sink_clean(out, function, 50);
    sink_printf(out, "+0x%llx (", (ull)offset);
    sink_clean(out, module[0] ? module : "?", 30);
    sink_text(out, ")\n");
}

void report_write_stack(const struct sink *out, const struct report *report, const struct site *site, unsigned n)
{
    sink_printf(out, "  site %-6u", n);
    if (site->n_frames == 0)
        sink_text(out, "no stack: memory was short when it was entered\n");
    for (unsigned i = 0; i < site->n_frames; i++) {
        if (i)
            sink_printf(out, LABEL, "");
        write_frame(out, report, &site->frame[i]);
        if (report->locate)
            report->locate(out, &site->frame[i]);
    }
}
