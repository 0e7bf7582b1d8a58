using Totem.Hosting;

namespace Totem.Hosting.Tests;

/// <summary>A handler that keeps what it was handed, and fails when it is told to.</summary>
public sealed class Counter : IGroupHandler
{
    public const byte Poison = 255;

    private readonly Lock _gate = new();
    private readonly List<string> _events = [];

    public IReadOnlyList<string> Events
    {
        get
        {
            lock (_gate)
                return [.. _events];
        }
    }

    public IEnumerable<string> Messages => Events.Where(x => x.StartsWith("m ", StringComparison.Ordinal));

    public ValueTask HandleAsync(GroupEvent element, CancellationToken cancellationToken)
    {
        if (element.IsMessage && element.Payload.Span is [Poison])
            throw new InvalidDataException("poison");
        lock (_gate)
        {
            _events.Add(element.IsMessage
                ? $"m {element.Sender.Node.Value} {Convert.ToHexString(element.Payload.Span)}"
                : $"{element.Kind} {element.Change!.Members.Count}");
        }

        return ValueTask.CompletedTask;
    }
}
