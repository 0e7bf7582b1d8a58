using System.Globalization;
using Totem.Simulation.Checkers;
using Totem.Simulation.Traces;

namespace Totem.Tests.Checkers;

/// <summary>
/// Writes traces by hand, like a transcript: <c>At(1).Starts().Installs("1.4", 1, 2).Sends("a").Delivers("a b")</c>.
/// Messages have one-word names; a name may be delivered, by anybody, before the line that sends it.
/// </summary>
internal sealed class ForgedTrace
{
    private readonly List<Line> _lines = [];
    private readonly Dictionary<string, TraceEvent> _sent = new(StringComparer.Ordinal);
    private readonly Dictionary<ProcessorId, int> _incarnations = [];
    private readonly Dictionary<ProcessorId, RingId> _rings = [];
    private ProcessorId _at;

    /// <summary>The next lines happen at this processor.</summary>
    public ForgedTrace At(uint processor)
    {
        _at = new ProcessorId(processor);
        return this;
    }

    public ForgedTrace Starts()
    {
        _incarnations[_at] = Incarnation + 1;
        return Add(TraceEventKind.Start);
    }

    public ForgedTrace Fails() => Add(TraceEventKind.Fail);

    /// <summary>A regular configuration, named by its ring.</summary>
    public ForgedTrace Installs(string ring, params uint[] members)
    {
        var configuration = new Configuration(
            ConfigurationKind.Regular, RingOf(ring), _rings.GetValueOrDefault(_at), SetOf(members));
        _rings[_at] = configuration.Ring;
        return Add(TraceEventKind.Install, x => x with { Configuration = configuration });
    }

    /// <summary>A transitional configuration, named by two rings: <c>"1.4>1.8"</c>.</summary>
    public ForgedTrace Moves(string rings, params uint[] members)
    {
        var parts = rings.Split('>');
        var configuration = new Configuration(
            ConfigurationKind.Transitional, RingOf(parts[1]), RingOf(parts[0]), SetOf(members));
        return Add(TraceEventKind.Install, x => x with { Configuration = configuration });
    }

    public ForgedTrace Sends(string names) => Send(names, Guarantee.Agreed);

    public ForgedTrace SendsSafe(string names) => Send(names, Guarantee.Safe);

    public ForgedTrace Delivers(string names)
    {
        foreach (var name in names.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            Add(TraceEventKind.Deliver, x => x, name);
        return this;
    }

    /// <summary>Alters the line before, as only a forger can.</summary>
    public ForgedTrace But(Func<TraceEvent, TraceEvent> alter)
    {
        var last = _lines[^1];
        _lines[^1] = last with { Alter = x => alter(last.Alter(x)) };
        return this;
    }

    public Trace Build()
    {
        var trace = new Trace();
        foreach (var line in _lines)
        {
            var written = line.Event;
            if (written.Kind == TraceEventKind.Deliver)
            {
                var sent = _sent[line.Name];
                written = written with
                {
                    Message = sent.Message, Guarantee = sent.Guarantee, PayloadHash = sent.PayloadHash,
                        Ring = sent.Ring,
                };
            }

            trace.Add(line.Alter(written));
        }

        return trace;
    }

    public EvsReport Check(EvsCheckOptions? options = null) => EvsChecker.Check(Build(), options);

    public static ProcessorSet SetOf(params uint[] members) =>
        ProcessorSet.Of([.. members.Select(x => new ProcessorId(x))]);

    public static RingId RingOf(string text)
    {
        var parts = text.Split('.');
        return new RingId(
            new ProcessorId(uint.Parse(parts[0], CultureInfo.InvariantCulture)),
            ulong.Parse(parts[1], CultureInfo.InvariantCulture));
    }

    private int Incarnation => _incarnations.GetValueOrDefault(_at);

    private ForgedTrace Send(string names, Guarantee guarantee)
    {
        foreach (var name in names.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var sent = new TraceEvent(
                TraceEventKind.Send, _at, Incarnation, _lines.Count, null,
                new MessageId(_at, Incarnation, _sent.Count + 1),
                guarantee, (ulong)(1000 + _sent.Count), _rings.GetValueOrDefault(_at));
            if (!_sent.TryAdd(name, sent))
                sent = _sent[name];
            Add(TraceEventKind.Send, _ => sent);
        }

        return this;
    }

    private ForgedTrace Add(TraceEventKind kind, Func<TraceEvent, TraceEvent>? alter = null, string name = "")
    {
        var written = new TraceEvent(kind, _at, Incarnation, _lines.Count);
        _lines.Add(new Line(written, alter ?? (x => x), name));
        return this;
    }

    private sealed record Line(TraceEvent Event, Func<TraceEvent, TraceEvent> Alter, string Name);
}
