//! The parts that make an Azure: what it holds, under which conditions, and what it was asked lately.

use std::sync::Arc;

use crate::arm::turn::Turn;
use crate::conditions::Conditions;
use crate::traffic::Traffic;
use crate::world::World;

/// Everything that requests are answered from. Cloning is cheap and gives the same Azure.
#[derive(Clone)]
pub(crate) struct Cloud {
    pub(crate) world: World,
    pub(crate) conditions: Arc<Conditions>,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) turn: Arc<Turn>,
}

impl Cloud {
    pub(crate) fn new(world: World, conditions: Arc<Conditions>) -> Cloud {
        Cloud {
            world,
            conditions,
            traffic: Arc::default(),
            turn: Arc::default(),
        }
    }

    /// Ends what is due, for those who look at the world without the control plane.
    pub(crate) fn catch_up(&self) {
        self.turn.catch_up(&self.world);
    }
}
