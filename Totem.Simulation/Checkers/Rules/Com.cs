namespace Totem.Simulation.Checkers.Rules;

/// <summary>How reports name com(c).</summary>
internal static class Com
{
    public static string Name(Passage passage) => passage.Transitional is null
        ? passage.Regular.Configuration.ToString()
        : $"{passage.Regular.Configuration} or {passage.Transitional.Configuration}";
}
