namespace Totem.Sheepdog;

/// <summary>
/// Membership, one total order of notifications, turns and locks for the nodes of a Sheepdog cluster. Operations only
/// put something on its way and return; what comes of it is an event, which <see cref="Dispatch"/> or
/// <see cref="DispatchOne"/> hands out on its caller's thread and never from within an operation. All operations but
/// the locks belong to one thread, the one that dispatches.
/// </summary>
public interface IClusterDriver : IDisposable
{
    /// <summary>Set while <see cref="Dispatch"/> has something to do.</summary>
    WaitHandle EventsReady { get; }

    /// <summary>Told of each change of <see cref="EventsReady"/>, on any thread, so that an event loop can have a
    /// descriptor of its own for it. It must be quick and must not call the driver.</summary>
    Action<bool>? EventsReadyChanged { get; set; }

    /// <summary>Whether <see cref="IClusterEvents.OnLog"/> is told where the cluster lives, who is expected, and each
    /// change with its cause. Default false. Set before <see cref="Init"/>.</summary>
    bool WritesLog { get; set; }

    /// <summary>Whether the log also has what the protocol does step by step, as <see cref="ClusterLogLevel.Debug"/>.
    /// Default false. Set before <see cref="Init"/>.</summary>
    bool WritesDetail { get; set; }

    /// <summary>Connects. Called again in <see cref="IClusterEvents.OnReconnect"/>, with nothing of
    /// the session before left.</summary>
    /// <param name="option">The text behind the driver's name and the colon; null when there is none.</param>
    /// <exception cref="ClusterDriverException">The option is wrong or nothing can be started with it.</exception>
    void Init(string? option);

    /// <summary>The address others can reach this host at, as sheep writes it: IPv6, or twelve
    /// zeros and IPv4.</summary>
    /// <param name="address">16 bytes.</param>
    /// <exception cref="ClusterDriverException">It has none.</exception>
    void GetLocalAddress(Span<byte> address);

    /// <summary>Asks to become a member; the answer is <see cref="IClusterEvents.OnAccept"/>.</summary>
    /// <param name="self">This node.</param>
    /// <param name="opaque">The buffer that a member gets to rewrite. Zeros at its end are not sent.</param>
    void Join(SheepNode self, ReadOnlySpan<byte> opaque);

    /// <summary>Stops being a member, and goes on hearing and sending, as a gateway without disks does.</summary>
    void Leave();

    /// <summary>Sends a message to everybody, in the total order.</summary>
    /// <param name="message">Up to <see cref="ClusterLimits.MaxMessageBytes"/> bytes, which are copied.</param>
    ClusterResult Notify(ReadOnlySpan<byte> message);

    /// <summary>Asks for a turn; it comes as <see cref="IClusterEvents.OnBlock"/>. Holds back other
    /// turns, and nothing else.</summary>
    ClusterResult Block();

    /// <summary>Ends this node's turn and sends a message, at one place of the order.</summary>
    ClusterResult Unblock(ReadOnlySpan<byte> message);

    /// <summary>Describes this node anew to everybody; its identity stays.</summary>
    ClusterResult UpdateNode(SheepNode self);

    /// <summary>Waits until this caller has the cluster's lock of that number. Any thread but the
    /// one that dispatches.</summary>
    /// <exception cref="ObjectDisposedException">The driver is over.</exception>
    void Lock(ulong id);

    /// <summary>Gives the lock back. Any thread.</summary>
    /// <returns>False when it was not held any more: it went with a session that was lost.</returns>
    bool Unlock(ulong id);

    /// <summary>Hands out every event there is.</summary>
    /// <exception cref="InvalidOperationException">Called from within an event.</exception>
    void Dispatch(IClusterEvents events);

    /// <summary>Hands out the next event only. <see cref="EventsReady"/> stays set while more wait, so a loop that
    /// polls it comes back for them, and looks at everything else it has to do in between.</summary>
    /// <returns>False when there was none.</returns>
    /// <exception cref="InvalidOperationException">Called from within an event.</exception>
    bool DispatchOne(IClusterEvents events);
}
