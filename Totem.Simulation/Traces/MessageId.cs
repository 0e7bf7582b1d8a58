using System.Globalization;

namespace Totem.Simulation.Traces;

/// <summary>Names a message in a trace: who sent it, in which life, and which of that life's messages it is.</summary>
/// <param name="Sender">The processor that sent it.</param>
/// <param name="Incarnation">Which start of that processor, from 1.</param>
/// <param name="Number">The running number of its messages in that incarnation, from 1.</param>
public readonly record struct MessageId(ProcessorId Sender, int Incarnation, long Number)
{
    /// <summary><c>3#1/17</c>: message 17 of the first life of processor 3.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Sender}#{Incarnation}/{Number}");
}
