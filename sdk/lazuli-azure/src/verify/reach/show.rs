//! How a path reads: a line for each hop, and JSON.

use std::fmt;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::{Destination, Hop, HopKind, HopState, ReachPath, Spot, Verdict};

impl fmt::Display for ReachPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (app, destination) = (self.app.urn.address(), &self.destination);
        writeln!(f, "{app} {destination}: {}", self.verdict())?;
        for hop in &self.hops {
            writeln!(f, "  {hop}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<8}{:<12} {}",
            self.state.mark(),
            self.kind.word(),
            self.detail
        )?;
        if let Some(code) = self.code {
            write!(f, " [{code}]")?;
        }
        match &self.at {
            Some(at) => write!(f, " at {}", at.location),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pull {
                reference: Some(reference),
            } => write!(f, "pulls {reference}"),
            Self::Pull { reference: None } => f.write_str("pulls an image that is not known yet"),
            Self::Read {
                setting,
                vault,
                secret,
            } => {
                write!(f, "reads {secret} of {vault} for its setting {setting}")
            }
            Self::Call { setting, host } => write!(f, "calls {host} for its setting {setting}"),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reaches => "reaches it",
            Self::Broken => "broken",
            Self::Doubtful => "broken, as far as this program says",
            Self::Open => "cannot be judged yet",
        })
    }
}

impl HopState {
    fn mark(self) -> &'static str {
        match self {
            Self::Holds => "ok",
            Self::Broken => "BROKEN",
            Self::Doubtful => "broken?",
            Self::Open => "?",
            Self::NotApplicable => "-",
        }
    }
}

impl HopKind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Subnet => "subnet",
            Self::Route => "route",
            Self::Dns => "dns",
            Self::Records => "records",
            Self::Endpoint => "endpoint",
            Self::Firewall => "firewall",
            Self::Credentials => "credentials",
            Self::Role => "role",
            Self::Content => "content",
        }
    }
}

impl Serialize for Spot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut spot = serializer.serialize_struct("Spot", 3)?;
        spot.serialize_field("urn", self.urn.as_str())?;
        spot.serialize_field("file", &*self.location.file)?;
        spot.serialize_field("line", &self.location.line)?;
        spot.end()
    }
}

impl Serialize for ReachPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut path = serializer.serialize_struct("ReachPath", 5)?;
        path.serialize_field("app", &self.app)?;
        path.serialize_field("goal", &self.destination)?;
        path.serialize_field("target", &self.target)?;
        path.serialize_field("verdict", &self.verdict())?;
        path.serialize_field("hops", &self.hops)?;
        path.end()
    }
}
