using Microsoft.Extensions.Logging;
using Totem.Core;
using Totem.Core.Model;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Transports;

namespace Totem.Transport.Udp.Hosting;

/// <summary>
/// Reloads, each at its place of the ring's order (KNET §17). A thread of its own reads the files, since the token does
/// not wait for a disk, and what the order has behind the reload and depends on it waits here until they are read. The
/// ring's thread, but for the reading.
/// </summary>
internal sealed class ReloadDesk(
    TotemNodeOptions options, IRingTransport transport, IRing ring, Action wake, ILogger logger)
{
    /// <summary>
    /// A file of this host is read by then, the first time too. Others may seal with a new key as soon as all have
    /// delivered the reload (KNET §17.3), so it is better to have it than to drop what they send. No token timeout is
    /// so short.
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);

    /// <summary>A change of keys has a few steps of each member. More are an insider's doing, or a disk's that has
    /// stopped.</summary>
    private const int WaitingMax = 1024;

    private readonly Queue<Step> _waiting = new();
    private ReloadReading? _reading;
    private bool _isIncomplete;

    private bool IsBusy => _reading is not null || _isIncomplete || _waiting.Count > 0;

    /// <summary>A member asks all for it.</summary>
    public void HandleReload(ProcessorId asking) => Take(new Step(asking, Phase: null, Members: null));

    /// <summary>A member takes a step in a change of keys.</summary>
    public void HandleKeyStep(ProcessorId node, int phase) => Take(new Step(node, phase, Members: null));

    /// <summary>A configuration was delivered.</summary>
    public void HandleMembers(ProcessorSet members) => Take(new Step(default, Phase: null, members));

    /// <summary>Goes on with what has become possible. Nothing that was received waits.</summary>
    public void Turn()
    {
        if (!IsBusy)
            return;
        do
        {
            if (_reading is { IsOver: true } reading)
                Use(reading, isLate: true);
            if (_isIncomplete)
                Complete();
        }
        while (_reading is null && _waiting.TryDequeue(out var step) && Begin(step));
    }

    /// <summary>The member is over. A reload that is being read is not used.</summary>
    public void Close() => _reading?.Abandon();

    private void Take(in Step step)
    {
        if (!IsBusy)
            Begin(step);
        else if (_waiting.Count < WaitingMax)
            _waiting.Enqueue(step);
        else
            Log.ReloadFailed(logger, transport.Self, step.Node, $"{WaitingMax} steps of reloads wait for the disk");
    }

    private bool Begin(in Step step)
    {
        if (step.Members is { } members)
        {
            transport.HandleMembers(members);
        }
        else if (step.Phase is { } phase)
        {
            transport.HandleKeyStep(step.Node, phase);
        }
        else
        {
            _reading = ReloadReading.Start(
                step.Node, () => transport.PrepareReload(options.Reread?.Invoke() ?? options.Transport), wake);
            if (_reading.Wait(Patience))
                Use(_reading, isLate: false);
        }

        return true;
    }

    private void Use(ReloadReading reading, bool isLate)
    {
        _reading = null;
        if (reading.Failure is { } failure)
        {
            Log.ReloadFailed(logger, transport.Self, reading.Asking, failure);
            return;
        }

        var changed = reading.Reload is { } reload ? transport.HandleReload(reload, isLate) : null;
        Log.Reloaded(logger, transport.Self, reading.Asking, changed ?? "nothing has changed that can");
        foreach (var kept in reading.Reload?.Kept ?? [])
            Log.ReloadKeeps(logger, transport.Self, kept);
        _isIncomplete = true;
    }

    private void Complete()
    {
        _isIncomplete = false;
        transport.CompleteReload();
        if (options.Ring.Allowed is null)
            ring.HandleAllowed(transport.Members);
    }

    /// <summary>A reload, a step in a change of keys, or a configuration.</summary>
    private readonly record struct Step(ProcessorId Node, int? Phase, ProcessorSet? Members);
}
