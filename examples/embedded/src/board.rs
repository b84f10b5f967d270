//! The board: QEMU's `lm3s6965evb`, as far as the firmware uses it.
//!
//! Everything that touches the hardware is here, and so is all `unsafe` code.

use core::cell::RefCell;
use core::fmt::Write;
use core::future::poll_fn;
use core::panic::PanicInfo;
use core::ptr::NonNull;
use core::task::{Poll, Waker};

use arm_pl011_uart::{DataBits, Interrupts, LineConfig, Parity, StopBits, Uart};
use cortex_m::peripheral::{syst::SystClkSource, NVIC};
use cortex_m_rt::exception;
use cortex_m_semihosting::debug;
use critical_section::Mutex;
use embassy_sync::waitqueue::WakerRegistration;
use embassy_time_driver::{time_driver_impl, Driver, TICK_HZ};
use embassy_time_queue_utils::Queue;
use embedded_alloc::LlffHeap;
use lm3s6965::{interrupt, Interrupt};
use safe_mmio::fields::ReadPureWrite;
use safe_mmio::{field, UniqueMmioPointer};

/// The system clock after a reset, in QEMU.
const CLOCK_HZ: u32 = 12_500_000;

/// embassy's clock.
struct Clock(Mutex<RefCell<Ticks>>);

/// The number of ticks since the start, and the timers that wait.
struct Ticks {
    now: u64,
    queue: Queue,
}

time_driver_impl!(static CLOCK: Clock = Clock(Mutex::new(RefCell::new(Ticks {
    now: 0,
    queue: Queue::new(),
}))));

/// The first UART, and the wakers that wait for it.
struct Serial {
    uart: Uart<'static>,
    reader: WakerRegistration,
    writer: WakerRegistration,
}

static SERIAL: Mutex<RefCell<Serial>> = Mutex::new(RefCell::new(Serial {
    // SAFETY: The chip has a PL011 there, and nothing else in the program points to it.
    uart: Uart::new(unsafe { UniqueMmioPointer::new(at(0x4000_c000)) }),
    reader: WakerRegistration::new(),
    writer: WakerRegistration::new(),
}));

#[global_allocator]
static HEAP: LlffHeap = LlffHeap::empty();

/// Starts the heap, the clock and the UART, and returns the LED. Call it once, before you allocate anything.
pub fn start() -> Led {
    let mut core = cortex_m::Peripherals::take().expect("the board is started once");

    // SAFETY: The heap is not in use yet, and this runs once, because the line above panics the second time.
    unsafe {
        embedded_alloc::init!(HEAP, 8 * 1024);
    }

    core.SYST.set_clock_source(SystClkSource::Core);
    core.SYST.set_reload(CLOCK_HZ / TICK_HZ as u32 - 1);
    core.SYST.clear_current();
    core.SYST.enable_counter();
    core.SYST.enable_interrupt();

    let line =
        LineConfig { data_bits: DataBits::Bits8, parity: Parity::None, stop_bits: StopBits::One };
    serial(|serial| serial.uart.enable(line, 115_200, CLOCK_HZ)).expect("the clock is fast enough");
    // SAFETY: No critical section relies on this interrupt being masked.
    unsafe { NVIC::unmask(Interrupt::UART0) }

    Led::new()
}

/// Returns how many bytes of the heap are in use.
pub fn heap_used() -> usize {
    HEAP.used()
}

/// Waits for the next byte from the UART.
pub async fn read() -> u8 {
    poll_fn(|cx| {
        serial(|serial| match serial.uart.read_word() {
            Ok(Some(byte)) => Poll::Ready(byte),
            Ok(None) => {
                serial.reader.register(cx.waker());
                serial.listen(Interrupts::RXI | Interrupts::RTI);
                Poll::Pending
            }
            // Noise on the line. The caller handles it like any wrong input.
            Err(_) => Poll::Ready(b'?'),
        })
    })
    .await
}

/// Sends a byte over the UART, when there is room for it.
pub async fn write(byte: u8) {
    poll_fn(|cx| {
        serial(|serial| {
            if serial.uart.is_tx_fifo_full() {
                serial.writer.register(cx.waker());
                serial.listen(Interrupts::TXI);
                return Poll::Pending;
            }
            serial.uart.write_word(byte);
            Poll::Ready(())
        })
    })
    .await
}

/// Sends bytes over the UART, and blocks until there is room for the last one. Use it only at the end, when nothing
/// else runs.
pub fn write_blocking(bytes: &[u8]) {
    for &byte in bytes {
        while serial(|serial| serial.uart.is_tx_fifo_full()) {}
        serial(|serial| serial.uart.write_word(byte));
    }
}

/// Ends QEMU.
pub fn exit(success: bool) -> ! {
    serial(|serial| while serial.uart.is_busy() {});
    loop {
        debug::exit(if success { debug::EXIT_SUCCESS } else { debug::EXIT_FAILURE });
    }
}

/// The light, at pin 0 of port F.
pub struct Led(UniqueMmioPointer<'static, PortF>);

/// The registers of the port that an LED needs.
#[repr(C)]
struct PortF {
    _before: u32,
    /// The state of pin 0 alone: the address selects the pins.
    pin_0: ReadPureWrite<u32>,
    _other_pins: [u32; 254],
    /// Which pins are outputs.
    direction: ReadPureWrite<u32>,
    _functions: [u32; 70],
    /// Which pins are in use.
    enabled: ReadPureWrite<u32>,
}

impl Led {
    fn new() -> Self {
        // SAFETY: The chip has port F there. This function is called once, so nothing else points to it.
        let mut port = unsafe { UniqueMmioPointer::<PortF>::new(at(0x4002_5000)) };
        field!(port, direction).write(1);
        field!(port, enabled).write(1);
        Self(port)
    }

    pub fn set(&mut self, on: bool) {
        field!(self.0, pin_0).write(on.into());
    }
}

impl Serial {
    /// Enables interrupts. The handler disables each of them when it occurs.
    fn listen(&mut self, interrupts: Interrupts) {
        let masks = self.uart.interrupt_masks();
        self.uart.set_interrupt_masks(masks | interrupts);
    }
}

/// Calls `f` with the UART, in a critical section.
fn serial<T>(f: impl FnOnce(&mut Serial) -> T) -> T {
    critical_section::with(|cs| f(&mut SERIAL.borrow_ref_mut(cs)))
}

const fn at<T>(address: usize) -> NonNull<T> {
    NonNull::new(address as *mut T).expect("an address")
}

// Both interrupts have the highest priority, as they do after a reset. They wake actors of a group that embassy's
// thread-mode executor polls, at a priority below all interrupts.

#[interrupt]
fn UART0() {
    serial(|serial| {
        let pending = serial.uart.masked_interrupt_status();
        // The actor that waits for the event handles it, and enables the interrupt again.
        let masks = serial.uart.interrupt_masks();
        serial.uart.set_interrupt_masks(masks - pending);
        if pending.contains(Interrupts::TXI) {
            serial.writer.wake();
        }
        if pending.intersects(Interrupts::RXI | Interrupts::RTI) {
            serial.reader.wake();
        }
    });
}

#[exception]
fn SysTick() {
    critical_section::with(|cs| {
        let mut ticks = CLOCK.0.borrow_ref_mut(cs);
        ticks.now += 1;
        let now = ticks.now;
        // Wakes the timers that are due. The returned time of the next one is for clocks that do not tick.
        ticks.queue.next_expiration(now);
    });
}

impl Driver for Clock {
    fn now(&self) -> u64 {
        critical_section::with(|cs| self.0.borrow_ref(cs).now)
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        critical_section::with(|cs| {
            self.0.borrow_ref_mut(cs).queue.schedule_wake(at, waker);
        });
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let _ = serial(|serial| writeln!(serial.uart, "{info}"));
    exit(false)
}
