//! Secrets in a config file: sealed one by one, with a data key of the file's own
//! that stands in it, wrapped. The file can be committed; who has the passphrase,
//! the key file or the vault's key can read it.

use std::collections::BTreeMap;
use std::sync::Arc;

use lazuli_core::Value;
use lazuli_core::value::Reveal;
use lazuli_engine::{KeyError, Keyring, PlainKey, Rewrap, Sealer, WrappedKey};

use crate::CliError;
use crate::commands::Session;
use crate::config_file::{ConfigFile, ConfigLock};

impl Session {
    /// Every value of the stack's config file; secrets are opened, and marked.
    pub(crate) fn config_values(
        &self,
        file: &ConfigFile,
    ) -> Result<BTreeMap<String, Value>, CliError> {
        let mut values = file.values()?;
        let sealed = file.sealed();
        if sealed.is_empty() {
            return Ok(values);
        }
        let sealer = self.config_sealer(file)?.ok_or_else(|| {
            self.unusable(KeyError::new(
                "its secrets have no key: `key` under [\"$lazuli\"] is missing",
                "restore it from an earlier version of the file, or set the secrets anew",
            ))
        })?;
        for (key, text) in sealed {
            let opened = sealer.open(&key, &text).and_then(|text| {
                let json: serde_json::Value = serde_json::from_str(&text).ok()?;
                Some(Value::from(json))
            });
            let opened = opened.ok_or_else(|| {
                let anew = self.command_line(&format!("config set --secret {key}"));
                self.unusable(KeyError::new(
                    format!("the secret `{key}` does not open: it was edited, or moved here from another key or stack"),
                    format!("set it anew with `{anew}`"),
                ))
            })?;
            values.insert(key, opened.into_secret());
        }
        Ok(values)
    }

    /// Seals a value into the file, which gets a key if it has none.
    pub(crate) fn seal_into(
        &self,
        file: &mut ConfigFile,
        key: &str,
        value: &Value,
    ) -> Result<(), CliError> {
        let sealer = match self.config_sealer(file)? {
            Some(sealer) => sealer,
            None => {
                let keyring = self.config_keyring()?;
                let plain = PlainKey::fresh().map_err(|error| self.unusable(error))?;
                let wrapped = keyring.wrap(&plain).map_err(|error| self.unusable(error))?;
                file.set_key(&wrapped.to_text());
                self.sealer(&plain)?
            }
        };
        let text = value.to_json(Reveal::Yes).to_string();
        let sealed = sealer.seal(key, &text);
        file.set_sealed(key, &sealed.map_err(|error| self.unusable(error))?);
        Ok(())
    }

    /// Takes the right to change the stack's config file.
    pub(crate) fn lock_config(&self) -> Result<ConfigLock, CliError> {
        let file = self.project.config_lock_file();
        let made = self.project.make_state_dir();
        made.and_then(|()| {
            std::fs::create_dir_all(self.project.state_dir.join(&self.project.name))
        })
        .map_err(|cause| {
            CliError::usage(format!("{}: it cannot be made: {cause}", file.display()))
                .help("make the folder writable, or name another one with --state-dir")
        })?;
        ConfigLock::take(&file, || {
            let config = self.project.config_file();
            self.stderr.text(&format!(
                "waiting for another command that changes {}",
                config.display()
            ));
        })
    }

    /// Takes a step of wrapping the key of the file's secrets anew; says whether it
    /// has one.
    pub(crate) fn rewrap_config(
        &self,
        file: &mut ConfigFile,
        keyring: &Keyring,
        step: Rewrap,
    ) -> Result<bool, CliError> {
        let Some(text) = file.key() else {
            return Ok(false);
        };
        let own = self.config_keyring()?;
        let wrapped = WrappedKey::parse(&text).and_then(|key| own.rewrap(&key, keyring, step));
        file.set_key(&wrapped.map_err(|error| self.unusable(error))?.to_text());
        Ok(true)
    }

    fn config_key(&self, file: &ConfigFile) -> Result<Option<PlainKey>, CliError> {
        let Some(wrapped) = file.key() else {
            return Ok(None);
        };
        let keyring = self.config_keyring()?;
        let plain = WrappedKey::parse(&wrapped).and_then(|wrapped| keyring.unwrap(&wrapped));
        plain.map(Some).map_err(|error| self.unusable(error))
    }

    fn config_sealer(&self, file: &ConfigFile) -> Result<Option<Sealer>, CliError> {
        let plain = self.config_key(file)?;
        plain.map(|plain| self.sealer(&plain)).transpose()
    }

    fn sealer(&self, plain: &PlainKey) -> Result<Sealer, CliError> {
        let context = format!("config {}/{}", self.project.name, self.project.stack);
        Sealer::new(plain, &context).map_err(|error| self.unusable(error))
    }

    /// As for the state; where nothing protects keys, a key file beside the states does.
    fn config_keyring(&self) -> Result<Keyring, CliError> {
        let keyring = self.keyring()?;
        Ok(match keyring.wraps() {
            true => keyring,
            false => keyring.wrapping(Arc::new(self.default_key_file())),
        })
    }

    fn unusable(&self, error: KeyError) -> CliError {
        let file = self.project.config_file();
        CliError::usage(format!("{}: {}", file.display(), error.message)).help(error.help)
    }
}
