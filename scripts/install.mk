# What `make install` puts where, and `make uninstall` takes away again; `make deb` packs the same files.
#
#   PREFIX    /usr/local               LIBDIR   PREFIX/lib, or for instance /usr/lib/x86_64-linux-gnu
#   DESTDIR   goes before every path

PREFIX  ?= /usr/local
DESTDIR ?=
LIBDIR  ?= $(PREFIX)/lib
MANDIR  = $(PREFIX)/share/man
DOCDIR  = $(PREFIX)/share/doc/autopin

# Each is FILE:PLACE.  A tree that lacks the sources of the command, its page or its completion installs none.
INSTALLED = $(LIB):$(LIBDIR)/libautopin.so \
            preload/libautopin.7:$(MANDIR)/man7/libautopin.7 \
            policy/pinning.conf.5:$(MANDIR)/man5/pinning.conf.5 \
            README.md:$(DOCDIR)/README.md \
            scripts/debian/changelog:$(DOCDIR)/changelog \
            scripts/debian/copyright:$(DOCDIR)/copyright \
            pinning.conf.example:$(DOCDIR)/examples/pinning.conf.example \
            $(if $(wildcard scripts/command/*.c),$(BUILD)/autopin:$(PREFIX)/bin/autopin) \
            $(BUILD)/autopin-replay:$(PREFIX)/libexec/autopin/autopin-replay \
            $(foreach each,page.py page_plots.py page_units.py page.css,scripts/command/$(each):$(PREFIX)/share/autopin/$(each)) \
            $(if $(wildcard scripts/autopin.1),scripts/autopin.1:$(MANDIR)/man1/autopin.1) \
            $(if $(wildcard scripts/autopin.bash-completion),scripts/autopin.bash-completion:$(PREFIX)/share/bash-completion/completions/autopin)
PLACES    = $(foreach each,$(INSTALLED),$(lastword $(subst :, ,$(each))))

.PHONY: install uninstall deb

define install_one
	install -D -m $(if $(filter %/bin/autopin %/autopin-replay %/page.py,$(1)),755,644) $(subst :, $(DESTDIR),$(1))

endef

install: all
	$(foreach each,$(INSTALLED),$(call install_one,$(each)))

# A folder of the system's own is left alone, empty or not; in a DESTDIR all are the install's.
uninstall:
	rm -f $(addprefix $(DESTDIR),$(PLACES))
	@for folder in $(if $(DESTDIR),$(sort $(dir $(PLACES)))); do \
	    below=$$(printf %s "$$folder" | tr -s / | sed 's,^/,,; s,/$$,,'); \
	    [ ! -d "$(DESTDIR)/$$below" ] || (cd "$(DESTDIR)" && rmdir -p --ignore-fail-on-non-empty "$$below"); \
	done
	@for folder in $(DOCDIR)/examples $(DOCDIR); do \
	    [ ! -d "$(DESTDIR)$$folder" ] || rmdir --ignore-fail-on-non-empty "$(DESTDIR)$$folder"; \
	done

deb:
	@scripts/setup.sh --deb
	@$(MAKE) --no-print-directory -s all
	@BUILD=$(BUILD) MAKE='$(MAKE)' scripts/debian/build.sh
